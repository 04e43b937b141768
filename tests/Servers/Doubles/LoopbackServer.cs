using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace SecureBackup.Tests.Servers.Doubles;

/// <summary>A web server of this process on a free port of 127.0.0.1, with bodies of any size.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly OpenConnections _connections;

    private LoopbackServer(WebApplication application, OpenConnections connections, Uri address)
    {
        _application = application;
        _connections = connections;
        Address = address;
    }

    /// <summary>Ends with a slash.</summary>
    public Uri Address { get; }

    /// <summary>Connections that no side has closed yet.</summary>
    public int Connections => _connections.Count;

    /// <param name="certificate">Over TLS with this one, and without TLS where there is none.</param>
    /// <param name="port">Of one that was there before; any free one without it.</param>
    public static async Task<LoopbackServer> StartAsync(RequestDelegate answer, X509Certificate2? certificate = null, int port = 0)
    {
        var connections = new OpenConnections();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Use(connections.Counting);
                if (certificate is not null)
                {
                    listen.UseHttps(certificate);
                }
            });
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinRequestBodyDataRate = null;
            options.Limits.MinResponseDataRate = null;
        });
        var application = builder.Build();
        application.Run(answer);
        await application.StartAsync();
        var address = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        return new LoopbackServer(application, connections, new Uri(address.TrimEnd('/') + '/'));
    }

    /// <summary>Requests that still run are cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private sealed class OpenConnections
    {
        private int _count;

        internal int Count => Volatile.Read(ref _count);

        internal ConnectionDelegate Counting(ConnectionDelegate next) => async connection =>
        {
            Interlocked.Increment(ref _count);
            try
            {
                await next(connection);
            }
            finally
            {
                Interlocked.Decrement(ref _count);
            }
        };
    }
}
