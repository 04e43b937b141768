using System.Net;

namespace SecureBackup.Targets.Http;

/// <summary>What a proxy says that lets nobody through, in words of our own: the framework's show its address as it was set, and in the settings of a computer a password stands in it.</summary>
internal sealed class TunnelRefusals(HttpMessageHandler inner, IWebProxy? proxy) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException refusal) when (refusal.HttpRequestError == HttpRequestError.ProxyTunnelError)
        {
            // Without what was caught: it says the same wherever it is shown.
            var status = refusal.StatusCode is { } said ? $" ({(int)said})" : "";
            throw new HttpRequestException(HttpRequestError.ProxyTunnelError, $"the proxy {(proxy ?? HttpClient.DefaultProxy).GetProxy(request.RequestUri!)?.Authority} refused the connection{status}.", null, refusal.StatusCode);
        }
    }
}
