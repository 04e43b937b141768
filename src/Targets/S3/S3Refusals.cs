using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>Keeps what a refusal says, of which the SDK hands on a part, and takes a redirect for the refusal that it is: the SDK takes it for an answer.</summary>
internal sealed class S3Refusals(HttpMessageHandler inner, Func<ResponseNotes?, int, TargetException> redirected) : DelegatingHandler(inner)
{
    private const int MaxBytes = 64 << 10;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        await response.Content.LoadIntoBufferAsync(MaxBytes, cancellationToken);
        ResponseNotes.Current?.Keep(await response.Content.ReadAsStringAsync(cancellationToken));
        if ((int)response.StatusCode >= 400)
        {
            return response;
        }

        response.Dispose();
        throw redirected(ResponseNotes.Current, (int)response.StatusCode);
    }
}
