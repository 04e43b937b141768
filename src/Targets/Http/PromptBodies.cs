namespace SecureBackup.Targets.Http;

/// <summary>
/// Sends short bodies without asking first whether they are wanted: far away the question takes longer than the body. And the framework sends a body of up to 1,024 bytes even where the
/// answer was no, and there are servers (Ceph 16) that take it for the next request of the connection then, and refuse that one with 400.
/// </summary>
internal sealed class PromptBodies(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int MaxShortBytes = 16 * 1024;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Headers.ExpectContinue == true && request.Content?.Headers.ContentLength <= MaxShortBytes)
        {
            request.Headers.ExpectContinue = false;
        }

        return base.SendAsync(request, cancellationToken);
    }
}
