using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles;

/// <summary>A proxy that lets nobody through: it answers every request, a tunnel's too, with one status.</summary>
public sealed class RefusingProxy : IAsyncDisposable
{
    private readonly LoopbackServer _server;
    private int _asked;

    private RefusingProxy(LoopbackServer server) => _server = server;

    public Uri Address => _server.Address;

    public int Asked => _asked;

    public static async Task<RefusingProxy> StartAsync(int status)
    {
        RefusingProxy? proxy = null;
        proxy = new RefusingProxy(await LoopbackServer.StartAsync(context =>
        {
            Interlocked.Increment(ref proxy!._asked);
            context.Response.StatusCode = status;
            if (status == StatusCodes.Status407ProxyAuthenticationRequired)
            {
                context.Response.Headers.ProxyAuthenticate = "Basic realm=\"out\"";
            }

            return Task.CompletedTask;
        }));
        return proxy;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
