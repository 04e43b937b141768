using System.Net;
using System.Text.RegularExpressions;
using System.Xml;
using Amazon.Runtime;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>What S3 stores answer, in the terms on which callers decide. Messages hold the store's code and the request's id, and nothing that the store wrote.</summary>
internal sealed partial class S3Faults(S3Settings settings, S3Credentials credentials, TimeProvider time)
{
    private static readonly Dictionary<string, TargetFault> ByCode = new(StringComparer.Ordinal)
    {
        ["NoSuchKey"] = TargetFault.NotFound,
        ["NoSuchVersion"] = TargetFault.NotFound,
        ["NoSuchBucket"] = TargetFault.PlaceMissing,
        ["InvalidBucketName"] = TargetFault.PlaceMissing,
        ["ConditionalRequestConflict"] = TargetFault.Unavailable,
        ["OperationAborted"] = TargetFault.Unavailable,
        ["NoSuchUpload"] = TargetFault.Unavailable,
        ["InvalidRange"] = TargetFault.OutOfRange,
        ["InvalidObjectState"] = TargetFault.Cold,
        ["PermanentRedirect"] = TargetFault.WrongRegion,
        ["TemporaryRedirect"] = TargetFault.WrongRegion,
        ["AuthorizationHeaderMalformed"] = TargetFault.WrongRegion,
        ["IllegalLocationConstraintException"] = TargetFault.WrongRegion,
        ["InvalidAccessKeyId"] = TargetFault.KeyRejected,
        ["SignatureDoesNotMatch"] = TargetFault.KeyRejected,
        ["InvalidToken"] = TargetFault.KeyRejected,
        ["ExpiredToken"] = TargetFault.KeyRejected,
        ["TokenRefreshRequired"] = TargetFault.KeyRejected,
        ["RequestTimeTooSkewed"] = TargetFault.ClockSkewed,
        ["AccessDenied"] = TargetFault.AccessDenied,
        ["AllAccessDisabled"] = TargetFault.AccessDenied,
        ["AccountProblem"] = TargetFault.AccessDenied,
        ["SlowDown"] = TargetFault.Throttled,
        ["ServiceUnavailable"] = TargetFault.Throttled,
        ["TooManyRequests"] = TargetFault.Throttled,
        ["RequestLimitExceeded"] = TargetFault.Throttled,
        ["RequestRateLimitExceeded"] = TargetFault.Throttled,
        ["ThrottlingException"] = TargetFault.Throttled,
        ["KMS.ThrottlingException"] = TargetFault.Throttled,
        ["InternalError"] = TargetFault.Unavailable,
        ["RequestTimeout"] = TargetFault.Unavailable,
        ["IncompleteBody"] = TargetFault.Unavailable,
        ["BadDigest"] = TargetFault.Garbled,
        ["InvalidDigest"] = TargetFault.Garbled,
        ["XAmzContentSHA256Mismatch"] = TargetFault.Garbled,
        ["XAmzContentChecksumMismatch"] = TargetFault.Garbled,
        ["EntityTooLarge"] = TargetFault.Unsupported,
        ["QuotaExceeded"] = TargetFault.QuotaExceeded,
        ["storage_cap_exceeded"] = TargetFault.QuotaExceeded,
        ["transaction_cap_exceeded"] = TargetFault.QuotaExceeded,
        ["NoSuchObjectLockConfiguration"] = TargetFault.LockNotKept,
        ["ObjectLockConfigurationNotFoundError"] = TargetFault.LockNotKept,
        ["InvalidBucketState"] = TargetFault.LockNotKept,
        ["KeyTooLongError"] = TargetFault.NameTooLong,
        ["NotImplemented"] = TargetFault.Unsupported,
        ["MethodNotAllowed"] = TargetFault.Unsupported,
    };

    /// <summary>Of a refusal within an answer.</summary>
    public static TargetFault OfCode(string? code) => ByCode.GetValueOrDefault(code ?? "", TargetFault.Unavailable);

    /// <summary>Null where the error is none of the store's or of the way to it: a bug, or the caller's own.</summary>
    public TargetException? From(Exception exception, ResponseNotes notes, S3Deed deed)
    {
        var what = $"{deed.What} in {settings.DisplayName}";
        return exception switch
        {
            TargetException known => known,
            AmazonUnmarshallingException or XmlException or FormatException or OverflowException => new TargetException(TargetFault.Unavailable, $"{what}: the answer is not one of S3.", exception),
            AmazonServiceException refusal => Refused(refusal, notes, deed, what),
            _ when HttpFaults.From(exception, what) is { } broken => broken,
            AmazonClientException => new TargetException(TargetFault.KeyRejected, $"{what}: the credential {credentials.Label} cannot be had.", exception),
            _ => null,
        };
    }

    /// <summary>To where a redirect leads nobody goes: the right region is for the settings to say.</summary>
    public TargetException Redirected(ResponseNotes? notes, int status) => notes?.IsFromStore == true || notes?.Refusal?.Contains("Redirect</Code>", StringComparison.Ordinal) == true
        ? new TargetException(TargetFault.WrongRegion, $"{Elsewhere(notes)} ({status}).")
        : new TargetException(TargetFault.Unavailable, $"{settings.DisplayName}: the answer is not one of S3, but leads elsewhere ({status}).");

    private TargetException Refused(AmazonServiceException refusal, ResponseNotes notes, S3Deed deed, string what)
    {
        if (refusal.StatusCode is HttpStatusCode.ProxyAuthenticationRequired || (refusal.StatusCode is HttpStatusCode.Forbidden && !notes.IsFromStore && StoreHttp.IsProxy(settings.Proxy)))
        {
            return new TargetException(TargetFault.ProxyRefused, $"{what}: the proxy {settings.Proxy} refused the connection ({(int)refusal.StatusCode}).", refusal);
        }

        var said = Said(refusal);
        if (refusal.ErrorCode?.StartsWith("KMS.", StringComparison.Ordinal) == true && !ByCode.ContainsKey(refusal.ErrorCode) && (int)refusal.StatusCode < 500)
        {
            return new TargetException(TargetFault.KeyRejected, $"{what}: the key service does not give the key for it{said}", refusal)
            {
                Remedy = "Enable the key in the key service, or take back that it is to be deleted, and let this credential use it (rights kms:Decrypt and kms:GenerateDataKey).",
            };
        }

        var fault = FaultOf(refusal, notes, deed);
        return new TargetException(fault, Message(fault, notes, deed, what) + said, refusal) { RetryAfter = notes.RetryAfter, Remedy = RemedyOf(fault, deed)! };
    }

    private TargetFault FaultOf(AmazonServiceException refusal, ResponseNotes notes, S3Deed deed)
    {
        var code = refusal.ErrorCode ?? "";
        if (refusal.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            return deed.IsIfAbsent ? TargetFault.AlreadyExists : TargetFault.PreconditionFailed;
        }

        if (deed.HasLock && code is ("InvalidRequest" or "InvalidArgument"))
        {
            return TargetFault.LockNotKept;
        }

        if (settings.Profile.OwnFault(code, refusal.Message) is { } own)
        {
            return own;
        }

        // What is sent about an object is well formed: it was changed on the way.
        if (deed.Name is not null && code is "MalformedXML")
        {
            return TargetFault.Garbled;
        }

        if (ByCode.TryGetValue(code, out var fault))
        {
            return fault;
        }

        return (int)refusal.StatusCode switch
        {
            301 or 307 => TargetFault.WrongRegion,
            400 when !notes.IsFromStore || (deed.Name is null && code.Length == 0) => TargetFault.Unavailable,
            // No word of the object. InvalidRequest is one: somebody put it there under a key that only he has.
            400 when deed.IsRead && code is not "InvalidRequest" => TargetFault.Unavailable,
            401 => TargetFault.KeyRejected,
            403 => TargetFault.AccessDenied,
            // Whatever stands between may say so too; a store is known by its header, or by one of its codes.
            404 when !notes.IsFromStore => TargetFault.Unavailable,
            404 => deed.Name is null ? TargetFault.PlaceMissing : TargetFault.NotFound,
            405 or 501 => TargetFault.Unsupported,
            409 or 408 => TargetFault.Unavailable,
            416 => TargetFault.OutOfRange,
            429 or 503 => TargetFault.Throttled,
            < 400 or >= 500 => TargetFault.Unavailable,
            _ => TargetFault.Unsupported,
        };
    }

    private string Message(TargetFault fault, ResponseNotes notes, S3Deed deed, string what) => fault switch
    {
        TargetFault.PlaceMissing => $"There is no bucket '{settings.Bucket}' at {settings.Endpoint.Authority}",
        TargetFault.WrongRegion => Elsewhere(notes),
        TargetFault.KeyRejected => $"The store does not accept the credential {credentials.Label} at {settings.DisplayName}",
        TargetFault.ClockSkewed when notes.Date is { } date => $"This computer's clock is {ClockText.Of(time.GetUtcNow() - date)} {settings.Endpoint.Authority}",
        TargetFault.AccessDenied => $"{what}: the credential {credentials.Label} may not {deed.May} there (right {deed.Right})",
        TargetFault.NotFound => $"There is no object '{deed.Name}' in {settings.DisplayName}",
        TargetFault.Cold => $"{what}: it lies in {TextIn(notes, ClassPattern()) ?? "an archive class"}, and nothing there can be read before it is restored",
        TargetFault.QuotaExceeded => $"{what}: it is full, or the account has used up a limit of storage, transfers or requests",
        TargetFault.AlreadyExists => $"'{deed.Name}' exists in {settings.DisplayName}",
        _ => what,
    };

    private string? RemedyOf(TargetFault fault, S3Deed deed) => fault switch
    {
        TargetFault.KeyRejected => credentials.Remedy ?? settings.Profile.KeyRemedy,
        TargetFault.Cold => $"Restore what lies below '{settings.Prefix}packs/' from the archive with the platform's console or tools (aws s3api restore-object), and run the command again when that is done.",
        TargetFault.AccessDenied => $"Give this credential the right {deed.Right}, or use one that has it.",
        _ => null,
    };

    private static string Said(AmazonServiceException refusal)
    {
        var code = refusal.ErrorCode is { Length: > 0 and < 64 } said && said.All(static character => char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '-')
            ? said
            : $"{(int)refusal.StatusCode}";
        return refusal.RequestId is { Length: > 0 and < 128 } id && id.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
            ? $" ({code}, request {id})."
            : $" ({code}).";
    }

    private static string? TextIn(ResponseNotes? notes, Regex pattern) => notes?.Refusal is { } body && pattern.Match(body) is { Success: true } match ? match.Groups["text"].Value : null;

    private string Elsewhere(ResponseNotes? notes) => (notes?.Region ?? TextIn(notes, RegionPattern())) is { } region
        ? $"The bucket '{settings.Bucket}' lies in {region}, not in {settings.Region}"
        : $"The bucket '{settings.Bucket}' does not lie in {settings.Region}";

    [GeneratedRegex("<StorageClass>(?<text>[A-Z_]{1,64})</StorageClass>", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ClassPattern();

    /// <summary>The region itself, or the host that the bucket answers on.</summary>
    [GeneratedRegex(@"<Region>(?<text>[a-z0-9-]{1,64})</Region>|<Endpoint>(https?://)?([a-z0-9.-]{1,80}\.)?s3[.-](?<text>[a-z]{2}(-[a-z]{1,12}){1,3}-\d{1,3})\.[a-z0-9.]{1,80}</Endpoint>", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RegionPattern();
}
