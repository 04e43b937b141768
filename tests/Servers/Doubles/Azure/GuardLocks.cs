using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>Policies and holds, as the platform's documentation says that it keeps them.</summary>
internal static class GuardLocks
{
    private const string UntilHeader = "x-ms-immutability-policy-until-date";
    private const string ModeHeader = "x-ms-immutability-policy-mode";
    private const string HoldHeader = "x-ms-legal-hold";

    /// <summary>What a put asks for.</summary>
    public static void Take(IHeaderDictionary headers, GuardedVersion version)
    {
        if (headers.TryGetValue(UntilHeader, out var until))
        {
            (version.LockedUntil, version.IsLockFinal) = (Time(until.ToString()), IsFinal(headers));
        }

        version.IsHeld = IsHeld(headers);
    }

    public static GuardAnswer Set(HttpRequest request, GuardedBlob? known, bool isVersioned)
    {
        if (Refusal(known, isVersioned) is { } refusal)
        {
            return refusal;
        }

        var newest = known!.Newest!;
        var isStill = newest is { IsLockFinal: true } && newest.LockedUntil > DateTimeOffset.UtcNow;
        if (HttpMethods.IsDelete(request.Method))
        {
            newest.LockedUntil = isStill ? newest.LockedUntil : null;
            return isStill ? GuardAnswer.Refuse(409, "BlobImmutableDueToPolicy") : GuardAnswer.Of(200);
        }

        var until = Time(request.Headers[UntilHeader].ToString());
        if (until <= DateTimeOffset.UtcNow)
        {
            return GuardAnswer.Refuse(400, "InvalidHeaderValue");
        }

        if (isStill && (!IsFinal(request.Headers) || until < newest.LockedUntil))
        {
            return GuardAnswer.Refuse(409, "BlobImmutableDueToPolicy");
        }

        (newest.LockedUntil, newest.IsLockFinal) = (until, IsFinal(request.Headers));
        return GuardAnswer.Of(200, newest.Headers(isNewest: true));
    }

    public static GuardAnswer Hold(HttpRequest request, GuardedBlob? known, bool isVersioned)
    {
        if (Refusal(known, isVersioned) is { } refusal)
        {
            return refusal;
        }

        known!.Newest!.IsHeld = IsHeld(request.Headers);
        return GuardAnswer.Of(200, known.Newest.Headers(isNewest: true));
    }

    public static GuardAnswer DeleteVersion(GuardedBlob? known, string id)
    {
        if (known?.Versions.Find(version => string.Equals(version.Id, id, StringComparison.Ordinal)) is not { } found)
        {
            return GuardAnswer.Refuse(404, "BlobNotFound");
        }

        if (found == known.Newest)
        {
            return GuardAnswer.Refuse(403, "OperationNotAllowedOnRootBlob");
        }

        if (found.IsLocked)
        {
            return GuardAnswer.Refuse(409, "BlobImmutableDueToPolicy");
        }

        known.Versions.Remove(found);
        return GuardAnswer.Of(202);
    }

    private static GuardAnswer? Refusal(GuardedBlob? known, bool isVersioned) => !isVersioned
        ? GuardAnswer.Refuse(409, "ContainerImmutableStorageWithVersioningNotEnabled")
        : known?.Newest is null ? GuardAnswer.Refuse(404, "BlobNotFound") : null;

    private static DateTimeOffset Time(string text) => DateTimeOffset.ParseExact(text, "r", CultureInfo.InvariantCulture);

    private static bool IsFinal(IHeaderDictionary headers) => string.Equals(headers[ModeHeader], "locked", StringComparison.OrdinalIgnoreCase);

    private static bool IsHeld(IHeaderDictionary headers) => string.Equals(headers[HoldHeader], "true", StringComparison.OrdinalIgnoreCase);
}
