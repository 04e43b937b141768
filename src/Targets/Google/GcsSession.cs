using System.Globalization;
using System.Net;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <summary>An upload in a session: begun with what is said of the object, sent in chunks, and there as a whole after the last. One that fails is cancelled.</summary>
internal sealed class GcsSession(GcsClient client, GcsSettings settings, GcsNaming naming)
{
    private const int ResumeIncomplete = 308;
    private const int ClosedByClient = 499;

    private static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(15);

    public async Task<GcsObject> PutAsync(
        GcsDeed deed, Func<StallGuard, GuardedContent> content, GcsMetadata metadata, long length, string query, CancellationToken cancellationToken)
    {
        var session = await BeginAsync(deed, metadata, length, query, cancellationToken);
        try
        {
            var sent = 0L;
            while (true)
            {
                var (stored, persisted) = await SendAsync(deed, session, content, sent, length, cancellationToken);
                if (stored is not null)
                {
                    return stored;
                }

                sent = persisted > sent && persisted < length ? persisted : throw client.NoAnswer(deed);
            }
        }
        catch
        {
            await CancelAsync(deed, session);
            throw;
        }
    }

    /// <returns>The address of the session: whoever has it may write there, so it is in no message.</returns>
    private Task<string> BeginAsync(GcsDeed deed, GcsMetadata metadata, long length, string query, CancellationToken cancellationToken)
    {
        var request = new GcsRequest(HttpMethod.Post, $"{naming.Uploads}?uploadType=resumable&{query}", RequestKind.Other)
        {
            Content = _ => GcsClient.JsonOf(metadata, GcsJson.Default.GcsMetadata),
            Headers = [("X-Upload-Content-Length", length.ToString(CultureInfo.InvariantCulture)), ("X-Upload-Content-Type", metadata.ContentType)],
        };
        return client.SendAsync(
            deed,
            request,
            answer => answer.Response.Headers.Location is { IsAbsoluteUri: true } session && Uri.Compare(session, settings.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0
                ? Task.FromResult(session.AbsoluteUri)
                : throw client.NoAnswer(deed),
            cancellationToken);
    }

    /// <returns>The object after the last chunk; else how many bytes the store has, which may be fewer than were sent.</returns>
    private Task<(GcsObject? Stored, long Persisted)> SendAsync(
        GcsDeed deed, string session, Func<StallGuard, GuardedContent> content, long offset, long length, CancellationToken cancellationToken)
    {
        var count = Math.Min(settings.ChunkBytes, length - offset);
        var request = new GcsRequest(HttpMethod.Put, session, RequestKind.Put) { Content = guard => new GcsChunk(content(guard), offset, count), AlsoAnswers = ResumeIncomplete };
        return client.SendAsync<(GcsObject?, long)>(
            deed with { IsInSession = true },
            request,
            async answer => answer.Response.StatusCode == HttpStatusCode.PermanentRedirect
                ? (null, PersistedOf(deed, answer.Response))
                : (await GcsClient.ReadAsync(answer, GcsJson.Default.GcsObject) ?? throw client.NoAnswer(deed), length),
            cancellationToken);
    }

    private long PersistedOf(GcsDeed deed, HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Range", out var values))
        {
            return 0;
        }

        var dash = values.First().Split('-');
        return dash.Length == 2 && long.TryParse(dash[1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last + 1 : throw client.NoAnswer(deed);
    }

    /// <summary>With a time of its own, since the caller's may be over. A session that stays all the same ends by itself after a week.</summary>
    private async Task CancelAsync(GcsDeed deed, string session)
    {
        using var limit = new CancellationTokenSource(CancelTimeout);
        try
        {
            await client.SendAsync(deed, new GcsRequest(HttpMethod.Delete, session, RequestKind.Other) { AlsoAnswers = ClosedByClient }, limit.Token);
        }
        catch (Exception exception) when (exception is TargetException or OperationCanceledException)
        {
        }
    }
}
