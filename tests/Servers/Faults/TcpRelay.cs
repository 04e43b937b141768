using System.Net;
using System.Net.Sockets;

namespace SecureBackup.Tests.Servers.Faults;

/// <summary>
/// A port of this machine that stands before a server. Each connection to it is carried by whoever made the relay, until that is done or the relay ends; whoever uses it notices what went
/// wrong with one.
/// </summary>
public sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Func<Socket, CancellationToken, Task> _carry;
    private readonly Task _accepting;

    /// <param name="carry">Told when the relay ends. The connection is the relay's to close.</param>
    public TcpRelay(Func<Socket, CancellationToken, Task> carry)
    {
        _carry = carry;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

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
        using (client)
        {
            try
            {
                await _carry(client, _end.Token);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // The server is not there, one of the two has left, or the relay ends.
            }
        }
    }
}
