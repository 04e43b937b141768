using System.Net;
using System.Net.Sockets;

namespace SecureBackup.Tests.Servers.Faults;

/// <summary>
/// Stands before a server whose protocol nobody on the way can read, and lets connections go wrong as its schedule says: each piece that a client sends is one of the schedule's requests.
/// A refusal is a connection that the server ends; what only a reader of the protocol could do, such as doing a request twice, does not happen.
/// </summary>
public sealed class TcpFaultProxy : IAsyncDisposable
{
    private const int PieceBytes = 64 * 1024;
    private const int SlowBytes = 64 * 1024;
    private const int Drop = 1024;

    private readonly int _server;
    private readonly TcpRelay _relay;
    private volatile FaultSchedule _schedule = FaultSchedule.None();

    /// <param name="server">Its port on this machine.</param>
    public TcpFaultProxy(int server)
    {
        _server = server;
        _relay = new TcpRelay(CarryAsync);
    }

    public int Port => _relay.Port;

    public void Begin(FaultSchedule schedule) => _schedule = schedule;

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private async Task CarryAsync(Socket client, CancellationToken end)
    {
        using var line = new Line(client, new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), end);
        await line.Server.ConnectAsync(IPAddress.Loopback, _server, end);
        await Task.WhenAny(AskAsync(line), AnswerAsync(line));
    }

    /// <summary>Ends when the connection shall end.</summary>
    private async Task AskAsync(Line line)
    {
        var buffer = new byte[PieceBytes];
        while (await line.ReadAsync(line.Client, buffer) is > 0 and var count)
        {
            var (schedule, piece) = (_schedule, buffer.AsMemory(0, count));
            var fault = schedule.Next();
            switch (fault)
            {
                case FaultKind.Reset:
                    schedule.Note(fault);
                    line.Reset();
                    return;
                case FaultKind.ServerError or FaultKind.Busy or FaultKind.TooMany:
                    schedule.Note(fault);
                    return;
                case FaultKind.CutRequest:
                    schedule.Note(fault);
                    await line.WriteAsync(line.Server, piece[..(count / 2)]);
                    return;
                case FaultKind.Hang:
                    schedule.Note(fault);
                    await line.HangAsync();
                    return;
                case FaultKind.CorruptRequest:
                    schedule.Note(fault);
                    Flip(piece.Span, schedule);
                    break;
                case FaultKind.LostAnswer or FaultKind.CutAnswer or FaultKind.CorruptAnswer or FaultKind.Drip:
                    line.Plan(fault, schedule);
                    break;
            }

            if (!await line.WriteAsync(line.Server, piece))
            {
                return;
            }
        }
    }

    private static async Task AnswerAsync(Line line)
    {
        var buffer = new byte[PieceBytes];
        while (await line.ReadAsync(line.Server, buffer) is > 0 and var count)
        {
            var piece = buffer.AsMemory(0, count);
            var (fault, schedule) = line.Planned();
            switch (fault)
            {
                case FaultKind.LostAnswer:
                    return;
                case FaultKind.CutAnswer:
                    await line.WriteAsync(line.Client, piece[..(count / 2)]);
                    return;
                case FaultKind.CorruptAnswer:
                    Flip(piece.Span, schedule!);
                    break;
            }

            if (!await (fault == FaultKind.Drip ? line.DripAsync(piece) : line.WriteAsync(line.Client, piece)))
            {
                return;
            }
        }
    }

    private static void Flip(Span<byte> bytes, FaultSchedule schedule) => bytes[schedule.Pick(bytes.Length)] ^= (byte)(1 << schedule.Pick(8));

    /// <summary>A client's connection and the one to the server; both end with it.</summary>
    private sealed class Line(Socket client, Socket server, CancellationToken end) : IDisposable
    {
        private readonly Lock _gate = new();
        private (FaultKind Kind, FaultSchedule? Schedule) _planned;
        private volatile bool _hangs;

        public Socket Client { get; } = client;

        public Socket Server { get; } = server;

        /// <summary>For the server's next answer.</summary>
        public void Plan(FaultKind kind, FaultSchedule schedule)
        {
            lock (_gate)
            {
                _planned = (kind, schedule);
            }
        }

        /// <summary>What was planned happens now, and once.</summary>
        public (FaultKind Kind, FaultSchedule? Schedule) Planned()
        {
            lock (_gate)
            {
                var planned = _planned;
                planned.Schedule?.Note(planned.Kind);
                _planned = default;
                return planned;
            }
        }

        /// <returns>0 at the end, whatever ended it.</returns>
        public async Task<int> ReadAsync(Socket from, Memory<byte> buffer)
        {
            try
            {
                return await from.ReceiveAsync(buffer, end);
            }
            catch (SocketException)
            {
                return 0;
            }
        }

        /// <returns>False where nobody takes it.</returns>
        public async Task<bool> WriteAsync(Socket to, ReadOnlyMemory<byte> bytes)
        {
            try
            {
                for (var left = bytes; left.Length > 0 && !_hangs;)
                {
                    left = left[await to.SendAsync(left, end)..];
                }

                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }

        /// <summary>A KiB a millisecond, for as long as that is slow.</summary>
        public async Task<bool> DripAsync(ReadOnlyMemory<byte> bytes)
        {
            var slow = Math.Min(bytes.Length, SlowBytes);
            for (var offset = 0; offset < slow; offset += Drop)
            {
                if (!await WriteAsync(Client, bytes[offset..Math.Min(offset + Drop, slow)]))
                {
                    return false;
                }

                await Task.Delay(1, end);
            }

            return await WriteAsync(Client, bytes[slow..]);
        }

        /// <summary>Nothing comes through any more, until the client leaves.</summary>
        public async Task HangAsync()
        {
            _hangs = true;
            var unread = new byte[PieceBytes];
            while (await ReadAsync(Client, unread) > 0)
            {
            }
        }

        public void Reset() => Client.LingerState = new LingerOption(enable: true, seconds: 0);

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
