using System.Net.Sockets;
using System.Threading.Channels;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Bench.SideBySide;

/// <summary>
/// A server of this machine as it looks from far away: bytes come through as fast as ever, and half a round trip later, in both directions. Connecting costs a round trip too. What it
/// cannot show is a window that grows slowly, and loss.
/// </summary>
internal sealed class DelayedLine : IAsyncDisposable
{
    private const int PieceBytes = 128 * 1024;

    /// <summary>On the way in one direction of a connection: up to 32 MiB, 280 MB a second at 120 ms.</summary>
    private const int MaxPieces = 256;

    private readonly TcpRelay _relay;
    private readonly Uri _server;
    private readonly TimeSpan _oneWay;

    /// <param name="roundTrip">Added to each question and its answer.</param>
    internal DelayedLine(Uri server, TimeSpan roundTrip)
    {
        (_server, _oneWay) = (server, roundTrip / 2);
        _relay = new TcpRelay(CarryAsync);
        Endpoint = new UriBuilder(server) { Port = _relay.Port }.Uri;
    }

    internal Uri Endpoint { get; }

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private async Task CarryAsync(Socket near, CancellationToken end)
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        await Task.Delay(_oneWay * 2, end);
        await far.ConnectAsync(_server.Host, _server.Port, end);
        try
        {
            await Task.WhenAll(CarryAsync(near, far, end), CarryAsync(far, near, end));
        }
        catch (ChannelClosedException)
        {
            // The other end left first.
        }
    }

    /// <summary>Until one end closes its side; then the other end's is closed, as late.</summary>
    private async Task CarryAsync(Socket from, Socket to, CancellationToken end)
    {
        var way = Channel.CreateBounded<Piece>(MaxPieces);
        await Task.WhenAll(TakeAsync(from, way.Writer, end), GiveAsync(way, to, end));
    }

    private static async Task TakeAsync(Socket from, ChannelWriter<Piece> way, CancellationToken end)
    {
        try
        {
            while (true)
            {
                var buffer = GC.AllocateUninitializedArray<byte>(PieceBytes);
                var count = await from.ReceiveAsync(buffer, end);
                if (count == 0)
                {
                    return;
                }

                await way.WriteAsync(new Piece(buffer.AsMemory(0, count), TimeProvider.System.GetTimestamp()), end);
            }
        }
        finally
        {
            way.TryComplete();
        }
    }

    private async Task GiveAsync(Channel<Piece> way, Socket to, CancellationToken end)
    {
        try
        {
            await foreach (var piece in way.Reader.ReadAllAsync(end))
            {
                if (_oneWay - TimeProvider.System.GetElapsedTime(piece.TakenAt) is { Ticks: > 0 } left)
                {
                    // To the next millisecond, which is what it takes.
                    await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), end);
                }

                for (var bytes = piece.Bytes; bytes.Length > 0;)
                {
                    bytes = bytes[await to.SendAsync(bytes, end)..];
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
