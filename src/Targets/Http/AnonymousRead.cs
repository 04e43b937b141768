using System.Net;

namespace SecureBackup.Targets.Http;

/// <summary>What a store gives to whoever has no credential.</summary>
internal static class AnonymousRead
{
    /// <summary>Null where the answer does not tell, or there is none; a conflict is what an account says that allows no public access. The place answered before; whoever has no credential is no further than this computer, and is told nothing.</summary>
    public static async Task<bool?> TryAsync(HttpClient client, Uri address, TimeSpan stallTimeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var guard = new StallGuard(stallTimeout, time, cancellationToken);
        ResponseNotes.Begin(guard.Moved);
        try
        {
            using var answer = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, guard.Token);
            return answer.StatusCode switch
            {
                >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => true,
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Conflict => false,
                _ => null,
            };
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && guard.HasStalled))
        {
            return null;
        }
    }
}
