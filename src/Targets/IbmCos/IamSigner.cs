using System.Net;
using System.Net.Http.Headers;

namespace SecureBackup.Targets.IbmCos;

/// <summary>Puts an access token into each request, in place of a signature. One that the store refuses is renewed and the request sent once more: a token may be taken back before its time.</summary>
/// <param name="instance">Whose a new bucket is to be; null where none is made.</param>
internal sealed class IamSigner(HttpMessageHandler inner, IamTokens tokens, string? instance) : DelegatingHandler(inner)
{
    private const string InstanceHeader = "ibm-service-instance-id";

    private static readonly string[] OfSignature = ["x-amz-date", "x-amz-content-sha256"];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (instance is not null && IsCreation(request))
        {
            request.Headers.TryAddWithoutValidation(InstanceHeader, instance);
        }

        foreach (var name in OfSignature)
        {
            request.Headers.Remove(name);
        }

        var token = await tokens.GetAsync(null, cancellationToken);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return response;
        }

        response.Dispose();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await tokens.GetAsync(token, cancellationToken));
        return await base.SendAsync(request, cancellationToken);
    }

    private static bool IsCreation(HttpRequestMessage request) =>
        request.Method == HttpMethod.Put && request.RequestUri!.Query.Length == 0 && !request.RequestUri.AbsolutePath.Trim('/').Contains('/', StringComparison.Ordinal);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            tokens.Dispose();
        }

        base.Dispose(disposing);
    }
}
