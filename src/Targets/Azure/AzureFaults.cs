using System.Net.Sockets;
using System.Xml;
using Azure;
using Azure.Identity;
using Microsoft.Identity.Client;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Azure;

/// <summary>What the platform answers, in the terms on which callers decide. Messages hold its code and the request's id, and nothing else that it wrote.</summary>
internal sealed class AzureFaults(AzureSettings settings, string credential, TimeProvider time)
{
    /// <summary>What the platform takes.</summary>
    private static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(15);

    private static readonly Dictionary<string, TargetFault> ByCode = new(StringComparer.Ordinal)
    {
        ["BlobNotFound"] = TargetFault.NotFound,
        ["ContainerNotFound"] = TargetFault.PlaceMissing,
        ["ContainerBeingDeleted"] = TargetFault.PlaceMissing,
        ["ResourceNotFound"] = TargetFault.PlaceMissing,
        ["BlobAlreadyExists"] = TargetFault.AlreadyExists,
        ["AuthenticationFailed"] = TargetFault.KeyRejected,
        ["InvalidAuthenticationInfo"] = TargetFault.KeyRejected,
        ["NoAuthenticationInformation"] = TargetFault.KeyRejected,
        ["AuthorizationFailure"] = TargetFault.AccessDenied,
        ["AuthorizationPermissionMismatch"] = TargetFault.AccessDenied,
        ["AuthorizationServiceMismatch"] = TargetFault.AccessDenied,
        ["AuthorizationResourceTypeMismatch"] = TargetFault.AccessDenied,
        ["AuthorizationProtocolMismatch"] = TargetFault.AccessDenied,
        ["AuthorizationSourceIPMismatch"] = TargetFault.AccessDenied,
        ["InsufficientAccountPermissions"] = TargetFault.AccessDenied,
        ["KeyBasedAuthenticationNotPermitted"] = TargetFault.KeyRejected,
        ["PublicAccessNotPermitted"] = TargetFault.AccessDenied,
        ["UnauthorizedBlobOverwrite"] = TargetFault.AccessDenied,
        ["AccountIsDisabled"] = TargetFault.KeyRejected,
        ["Md5Mismatch"] = TargetFault.Garbled,
        ["Crc64Mismatch"] = TargetFault.Garbled,
        ["InvalidMd5"] = TargetFault.Garbled,
        ["InvalidRange"] = TargetFault.OutOfRange,
        ["BlobArchived"] = TargetFault.Cold,
        ["BlobBeingRehydrated"] = TargetFault.Cold,
        ["BlobImmutableDueToPolicy"] = TargetFault.Locked,
        ["BlobImmutableDueToLegalHold"] = TargetFault.Locked,
        ["ContainerImmutableStorageWithVersioningNotEnabled"] = TargetFault.LockNotKept,
        ["ServerBusy"] = TargetFault.Throttled,
        ["InvalidBlockList"] = TargetFault.Unavailable,
        ["OperationTimedOut"] = TargetFault.Unavailable,
        ["InternalError"] = TargetFault.Unavailable,
        ["AccountBeingCreated"] = TargetFault.Unavailable,
        ["AccountQuotaExceeded"] = TargetFault.QuotaExceeded,
        ["AccountTooLarge"] = TargetFault.QuotaExceeded,
        ["FeatureNotSupported"] = TargetFault.Unsupported,
        ["RequestBodyTooLarge"] = TargetFault.Unsupported,
    };

    /// <summary>An account that has answered is there, also when its name is not found for a moment.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>Null where the error is none of the store's or of the way to it: a bug, or the caller's own.</summary>
    public TargetException? From(Exception exception, ResponseNotes notes, AzureDeed deed)
    {
        var what = $"{deed.What} in {settings.DisplayName}";
        HasAnswered |= exception is RequestFailedException { Status: > 0 };
        return exception switch
        {
            RequestFailedException { Status: > 0 } refusal => Refused(refusal, notes, deed, what),
            _ when !HasAnswered && settings.IsPlatformEndpoint && IsUnknownHost(exception) => new TargetException(
                TargetFault.PlaceMissing, $"There is no storage account '{settings.Account}' at {settings.Endpoint.Authority}.", exception),
            _ when HttpFaults.From(exception, what) is { } broken => broken,
            AuthenticationFailedException unidentified => Unidentified(unidentified, what),
            XmlException or FormatException or InvalidOperationException or ArgumentException or NullReferenceException when notes.Status is not null =>
                new TargetException(TargetFault.Unavailable, $"{what}: the answer is not one of {AzureSettings.Platform}.", exception),
            _ => null,
        };
    }

    private TargetException Refused(RequestFailedException refusal, ResponseNotes notes, AzureDeed deed, string what)
    {
        if (refusal.Status == 407 || (refusal.Status == 403 && !notes.IsFromStore && StoreHttp.IsProxy(settings.Proxy)))
        {
            return new TargetException(TargetFault.ProxyRefused, $"{what}: the proxy {settings.Proxy} refused the connection ({refusal.Status}).", refusal);
        }

        if (refusal.ErrorCode?.StartsWith("KeyVault", StringComparison.Ordinal) == true && refusal.Status < 500)
        {
            return new TargetException(TargetFault.KeyRejected, $"{what}: the key vault does not give the key for it{Said(refusal, notes)}", refusal)
            {
                Remedy = "Enable the key in the key vault, or recover it, and let the storage account's identity use it (get, wrap and unwrap keys).",
            };
        }

        var fault = FaultOf(refusal, notes, deed);
        // What an identity was refused with repeats what was signed.
        var inner = fault is TargetFault.KeyRejected or TargetFault.ClockSkewed ? null : refusal;
        return new TargetException(fault, Message(fault, notes, deed, what) + Said(refusal, notes), inner) { RetryAfter = notes.RetryAfter, Remedy = RemedyOf(fault, deed)! };
    }

    private TargetFault FaultOf(RequestFailedException refusal, ResponseNotes notes, AzureDeed deed)
    {
        var code = refusal.ErrorCode ?? "";
        if (deed.IsIfAbsent && (refusal.Status == 412 || code is "UnauthorizedBlobOverwrite"))
        {
            return TargetFault.AlreadyExists;
        }

        if (deed.HasLock && refusal.Status is 400 or 409 && code.Contains("Immutab", StringComparison.Ordinal) && code is not ("BlobImmutableDueToPolicy" or "BlobImmutableDueToLegalHold"))
        {
            return TargetFault.LockNotKept;
        }

        var fault = ByCode.TryGetValue(code, out var known) ? known : (refusal.Status == 404 && !notes.IsFromStore) || (refusal.Status == 400 && deed.IsRead) ? TargetFault.Unavailable : OfStatus(refusal.Status);
        return fault switch
        {
            TargetFault.KeyRejected when refusal.Message.Contains("date header", StringComparison.OrdinalIgnoreCase) || ClockDifference(notes).Duration() > MaxClockDifference => TargetFault.ClockSkewed,
            TargetFault.AccessDenied when refusal.Message.Contains("failed to authenticate the request", StringComparison.Ordinal) => TargetFault.KeyRejected,
            _ => fault,
        };
    }

    private static TargetFault OfStatus(int status) => status switch
    {
        401 => TargetFault.KeyRejected,
        403 => TargetFault.AccessDenied,
        404 => TargetFault.PlaceMissing,
        412 => TargetFault.PreconditionFailed,
        416 => TargetFault.OutOfRange,
        429 or 503 => TargetFault.Throttled,
        405 or 501 => TargetFault.Unsupported,
        408 or 409 or < 400 or >= 500 => TargetFault.Unavailable,
        _ => TargetFault.Unsupported,
    };

    private TargetException Unidentified(AuthenticationFailedException refusal, string what)
    {
        if (Answers(refusal).FirstOrDefault() is { StatusCode: 408 or 429 or >= 500 } answer)
        {
            return new TargetException(TargetFault.Unavailable, $"{what}: whoever gives tokens cannot answer now ({answer.StatusCode}).");
        }

        // An assertion outside its time, by the words of the token service; which may repeat what it was given, so that they are not handed on.
        return Answers(refusal).Any(static said => said.Message.Contains("AADSTS700024", StringComparison.Ordinal))
            ? new TargetException(TargetFault.ClockSkewed, $"{what}: the token service takes no assertion of this computer's time.")
            : new TargetException(TargetFault.KeyRejected, $"{what}: the credential {credential} gets no token.");
    }

    private string Message(TargetFault fault, ResponseNotes notes, AzureDeed deed, string what) => fault switch
    {
        TargetFault.PlaceMissing => $"There is no container '{settings.Container}' at {settings.Endpoint.Authority}",
        TargetFault.KeyRejected => $"The store does not accept the credential {credential} at {settings.DisplayName}",
        TargetFault.ClockSkewed => $"This computer's clock is {ClockText.Of(ClockDifference(notes))} {settings.Endpoint.Authority}",
        TargetFault.AccessDenied => $"{what}: the credential {credential} may not {deed.May} there (right {deed.Right})",
        TargetFault.NotFound => $"There is no object '{deed.Name}' in {settings.DisplayName}",
        TargetFault.AlreadyExists => $"'{deed.Name}' exists in {settings.DisplayName}",
        TargetFault.Locked => $"{what}: it is locked",
        TargetFault.LockNotKept => $"{what}: the container keeps no locks of its own objects",
        TargetFault.Cold => $"{what}: it lies in the archive",
        _ => what,
    };

    private static string? RemedyOf(TargetFault fault, AzureDeed deed) =>
        fault == TargetFault.AccessDenied ? $"Give this credential the right {deed.Right}, or use one that has it." : null;

    private static string Said(RequestFailedException refusal, ResponseNotes notes)
    {
        var code = refusal.ErrorCode is { Length: > 0 and < 64 } said && said.All(char.IsAsciiLetterOrDigit) ? said : $"{refusal.Status}";
        return notes.RequestId is { Length: > 0 and < 128 } id && id.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-')
            ? $" ({code}, request {id})."
            : $" ({code}).";
    }

    private TimeSpan ClockDifference(ResponseNotes notes) => notes.Date is { } date ? time.GetUtcNow() - date : TimeSpan.Zero;

    private static IEnumerable<MsalServiceException> Answers(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is MsalServiceException answer)
            {
                yield return answer;
            }
        }
    }

    private static bool IsUnknownHost(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is SocketException { SocketErrorCode: SocketError.HostNotFound })
            {
                return true;
            }
        }

        return false;
    }
}
