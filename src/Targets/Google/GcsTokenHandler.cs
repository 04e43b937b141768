using System.Net;
using System.Net.Http.Headers;

namespace SecureBackup.Targets.Google;

/// <summary>Puts the access token into each request. One that the store refuses is renewed and the request sent once more: a token may be taken back before its time.</summary>
internal sealed class GcsTokenHandler(HttpMessageHandler inner, GcsTokens tokens) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var token = await tokens.GetAsync(cancellationToken);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return response;
        }

        response.Dispose();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await tokens.RenewAsync(token, cancellationToken));
        return await base.SendAsync(request, cancellationToken);
    }
}
