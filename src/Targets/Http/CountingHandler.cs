using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Http;

/// <summary>Counts what is sent and received, and notes for the call that sent it what the answer said (<see cref="ResponseNotes"/>).</summary>
internal sealed class CountingHandler(HttpMessageHandler inner, TargetMeter meter, Func<HttpRequestMessage, RequestKind?> classify) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var kind = classify(request);
        if (kind is { } counted)
        {
            meter.Count(counted);
            meter.AddSent(counted != RequestKind.Put ? 0 : request.Content is IFramedContent framed ? framed.ObjectBytes : request.Content?.Headers.ContentLength ?? 0);
        }

        var notes = ResponseNotes.Current;
        var response = await base.SendAsync(request, cancellationToken);
        notes?.Moved();
        notes?.Take(response, TimeProvider.System);
        response.Content = new ObservedContent(response.Content, count =>
        {
            notes?.Moved();
            if (kind is RequestKind.Get or RequestKind.List)
            {
                meter.AddReceived(count);
            }
        });
        return response;
    }
}
