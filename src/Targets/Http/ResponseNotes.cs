using System.Net;

namespace SecureBackup.Targets.Http;

/// <summary>
/// What the answers of one call said besides their content, whatever an SDK makes of them. One call notes for itself: what is
/// begun here is seen by the requests that are sent from here on in the same flow, and by no other.
/// </summary>
internal sealed class ResponseNotes
{
    private static readonly AsyncLocal<ResponseNotes?> Ambient = new();

    private ResponseNotes()
    {
    }

    public static ResponseNotes? Current => Ambient.Value;

    /// <summary>The clock of the store at its last answer.</summary>
    public DateTimeOffset? Date { get; private set; }

    public TimeSpan? RetryAfter { get; private set; }

    public string? RequestId { get; private set; }

    /// <summary>Where the place lies, by the store's word.</summary>
    public string? Region { get; private set; }

    /// <summary>False where the answer has no mark of any store: that of a proxy on the way.</summary>
    public bool IsFromStore { get; private set; }

    public HttpStatusCode? Status { get; private set; }

    /// <summary>What a refusal said besides; null where nobody kept it.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Called whenever bytes of an answer arrive.</summary>
    public Action Moved { get; init; } = static () => { };

    public static ResponseNotes Begin(Action? moved = null) => Ambient.Value = new ResponseNotes { Moved = moved ?? (static () => { }) };

    public void Keep(string refusal) => Refusal = refusal;

    public void Take(HttpResponseMessage response, TimeProvider time)
    {
        Refusal = null;
        Status = response.StatusCode;
        Date = response.Headers.Date;
        RetryAfter = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date > (Date ?? time.GetUtcNow()) ? date - (Date ?? time.GetUtcNow()) : TimeSpan.Zero,
            _ => null,
        };
        RequestId = First(response, "x-amz-request-id") ?? First(response, "x-ms-request-id") ?? First(response, "x-guploader-uploadid");
        Region = First(response, "x-amz-bucket-region");
        IsFromStore = RequestId is not null || response.Headers.Any(static header => header.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)
            || header.Key.StartsWith("x-ms-", StringComparison.OrdinalIgnoreCase) || header.Key.StartsWith("x-goog-", StringComparison.OrdinalIgnoreCase));
    }

    private static string? First(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
