using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace SecureBackup.Bench.SideBySide;

/// <summary>
/// A server of this machine as it looks from far away: bytes come through as fast as ever, and half a round trip later, in both directions. Connecting costs a round trip too. What it
/// cannot show is a window that grows slowly, and loss.
/// </summary>
internal sealed class DelayedLine : IAsyncDisposable
{
    private const int PieceBytes = 128 * 1024;

    /// <summary>On the way in one direction of a connection: 32 MiB, 280 MB a second at 120 ms.</summary>
    private const int MaxPieces = 256;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _server;
    private readonly TimeSpan _oneWay;
    private readonly Task _accepting;

    /// <param name="roundTrip">Added to each question and its answer.</param>
    internal DelayedLine(Uri server, TimeSpan roundTrip)
    {
        (_server, _oneWay) = (server, roundTrip / 2);
        _listener.Start();
        Endpoint = new UriBuilder(server) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;
        _accepting = AcceptAsync();
    }

    internal Uri Endpoint { get; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.RemoveAll(static connection => connection.IsCompleted);
                connections.Add(CarryAsync(await _listener.AcceptSocketAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var near = client;
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        try
        {
            await Task.Delay(_oneWay * 2, _end.Token);
            await far.ConnectAsync(_server.Host, _server.Port, _end.Token);
            await Task.WhenAll(CarryAsync(near, far), CarryAsync(far, near));
        }
        catch (ChannelClosedException)
        {
            // The other end left first.
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Whoever notices asks again.
        }
    }

    /// <summary>Until one end closes its side; then the other end's is closed, as late.</summary>
    private async Task CarryAsync(Socket from, Socket to)
    {
        var way = Channel.CreateBounded<Piece>(MaxPieces);
        await Task.WhenAll(TakeAsync(from, way.Writer), GiveAsync(way, to));
    }

    private async Task TakeAsync(Socket from, ChannelWriter<Piece> way)
    {
        try
        {
            while (true)
            {
                var buffer = GC.AllocateUninitializedArray<byte>(PieceBytes);
                var count = await from.ReceiveAsync(buffer, _end.Token);
                if (count == 0)
                {
                    return;
                }

                await way.WriteAsync(new Piece(buffer.AsMemory(0, count), TimeProvider.System.GetTimestamp()), _end.Token);
            }
        }
        finally
        {
            way.TryComplete();
        }
    }

    private async Task GiveAsync(Channel<Piece> way, Socket to)
    {
        try
        {
            await foreach (var piece in way.Reader.ReadAllAsync(_end.Token))
            {
                if (_oneWay - TimeProvider.System.GetElapsedTime(piece.TakenAt) is { Ticks: > 0 } left)
                {
                    await Task.Delay(left, _end.Token);
                }

                for (var bytes = piece.Bytes; bytes.Length > 0;)
                {
                    bytes = bytes[await to.SendAsync(bytes, _end.Token)..];
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            way.Writer.TryComplete();
        }
    }

    private readonly record struct Piece(ReadOnlyMemory<byte> Bytes, long TakenAt);
}
