using System.Net;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <summary>What the platform answers, in the terms on which callers decide. Messages hold its reason and the request's id, and nothing else that it wrote.</summary>
internal sealed class GcsFaults(GcsSettings settings, string credential)
{
    private static readonly Dictionary<string, TargetFault> ByReason = new(StringComparer.Ordinal)
    {
        ["authError"] = TargetFault.KeyRejected,
        ["required"] = TargetFault.KeyRejected,
        ["forbidden"] = TargetFault.AccessDenied,
        ["insufficientPermissions"] = TargetFault.AccessDenied,
        ["rateLimitExceeded"] = TargetFault.Throttled,
        ["userRateLimitExceeded"] = TargetFault.Throttled,
        ["quotaExceeded"] = TargetFault.QuotaExceeded,
        ["storageQuotaExceeded"] = TargetFault.QuotaExceeded,
        ["dailyLimitExceeded"] = TargetFault.QuotaExceeded,
        ["retentionPolicyNotMet"] = TargetFault.Locked,
        ["objectUnderActiveHold"] = TargetFault.Locked,
        ["requestedRangeNotSatisfiable"] = TargetFault.OutOfRange,
        ["backendError"] = TargetFault.Unavailable,
        ["internalError"] = TargetFault.Unavailable,
    };

    /// <summary>An error that came instead of an answer, or in the middle of one. Null where it is none of the way's: a bug, or the caller's own.</summary>
    public TargetException? From(Exception exception, GcsDeed deed)
    {
        var what = $"{deed.What} in {settings.DisplayName}";
        return exception switch
        {
            TargetException known => known,
            System.Text.Json.JsonException => NoAnswer(deed, exception),
            _ => HttpFaults.From(exception, what),
        };
    }

    /// <param name="error">Null where the body is no error of the platform's: for bytes it gives the bare text.</param>
    public TargetException Refused(HttpStatusCode status, GcsError? error, ResponseNotes notes, GcsDeed deed)
    {
        var what = $"{deed.What} in {settings.DisplayName}";
        if (status == HttpStatusCode.ProxyAuthenticationRequired || (status == HttpStatusCode.Forbidden && !notes.IsFromStore && StoreHttp.IsProxy(settings.Proxy)))
        {
            return new TargetException(TargetFault.ProxyRefused, $"{what}: the proxy {settings.Proxy} refused the connection ({(int)status}).");
        }

        if (ReasonOf(error)?.StartsWith("cloudKms", StringComparison.OrdinalIgnoreCase) == true && (int)status < 500)
        {
            return new TargetException(TargetFault.KeyRejected, $"{what}: the key service does not give the key for it ({CodeOf(status, error)}{RequestOf(notes)}).")
            {
                Remedy = "Enable the key in Cloud KMS, or take back that it is to be destroyed, and let the project's service agent for storage use it (roles/cloudkms.cryptoKeyEncrypterDecrypter).",
            };
        }

        var fault = FaultOf(status, error, notes, deed);
        return new TargetException(fault, $"{Message(fault, deed, what)} ({CodeOf(status, error)}{RequestOf(notes)}).") { RetryAfter = notes.RetryAfter, Remedy = RemedyOf(fault, deed)! };
    }

    public TargetException NoAnswer(GcsDeed deed, Exception? inner = null) =>
        new(TargetFault.Unavailable, $"{deed.What} in {settings.DisplayName}: the answer is not one of {GcsSettings.Platform}.", inner);

    private static TargetFault FaultOf(HttpStatusCode status, GcsError? error, ResponseNotes notes, GcsDeed deed)
    {
        if (ReasonOf(error) is { } reason && ByReason.TryGetValue(reason, out var fault))
        {
            return fault;
        }

        return (int)status switch
        {
            400 when deed.HasChecksum && Mentions(error, "crc32c") => TargetFault.Garbled,
            400 when deed.HasLock && Mentions(error, "retention") => TargetFault.LockNotKept,
            // No word of the object. This reason is one: somebody put it there under a key that only he has.
            400 when deed.IsRead && ReasonOf(error) is not "resourceIsEncryptedWithCustomerEncryptionKey" => TargetFault.Unavailable,
            401 => TargetFault.KeyRejected,
            403 => TargetFault.AccessDenied,
            // Of whatever stands between.
            404 when error is null && !notes.IsFromStore => TargetFault.Unavailable,
            404 when deed.IsInSession => TargetFault.Unavailable,
            404 when deed.Name is null || Mentions(error, "bucket does not exist") => TargetFault.PlaceMissing,
            404 => TargetFault.NotFound,
            408 or 409 or 410 => TargetFault.Unavailable,
            412 => deed.IsIfAbsent ? TargetFault.AlreadyExists : TargetFault.PreconditionFailed,
            416 => TargetFault.OutOfRange,
            429 => TargetFault.Throttled,
            < 400 or >= 500 and not 501 => TargetFault.Unavailable,
            _ => TargetFault.Unsupported,
        };
    }

    private string Message(TargetFault fault, GcsDeed deed, string what) => fault switch
    {
        TargetFault.PlaceMissing => $"There is no bucket '{settings.Bucket}' at {settings.Endpoint.Authority}",
        TargetFault.KeyRejected => $"The store does not accept the credential {credential} at {settings.DisplayName}",
        TargetFault.AccessDenied => $"{what}: the credential {credential} may not {deed.May} there (right {deed.Right})",
        TargetFault.NotFound => $"There is no object '{deed.Name}' in {settings.DisplayName}",
        TargetFault.QuotaExceeded => $"{what}: it is full, or the account has used up a limit of storage, transfers or requests",
        TargetFault.Locked => $"{what}: a retention or a hold keeps it",
        TargetFault.AlreadyExists => $"{what}: the name exists",
        _ => what,
    };

    private static string? RemedyOf(TargetFault fault, GcsDeed deed) => fault switch
    {
        TargetFault.AccessDenied => $"Give this credential a role with the right {deed.Right}, or use one that has it.",
        _ => null,
    };

    private static string? ReasonOf(GcsError? error) => error?.Errors is { Count: > 0 } errors ? errors[0].Reason : null;

    private static bool Mentions(GcsError? error, string text) => error?.Message?.Contains(text, StringComparison.OrdinalIgnoreCase) == true;

    private static string CodeOf(HttpStatusCode status, GcsError? error) =>
        ReasonOf(error) is { Length: > 0 and < 64 } reason && reason.All(char.IsAsciiLetterOrDigit) ? reason : $"{(int)status}";

    private static string RequestOf(ResponseNotes notes) =>
        notes.RequestId is { Length: > 0 and < 128 } id && id.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or ':') ? $", request {id}" : "";
}
