using System.Globalization;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>What may not happen to an object that is held or kept: the part that no emulator has.</summary>
internal static class GcsRetention
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36500);

    /// <summary>Before a generation is taken away for good.</summary>
    public static void ThrowIfKept(GcsBucket bucket, GcsObject stored, DateTimeOffset now)
    {
        ThrowIfHeld(bucket, stored);
        if (stored.KeptUntil(bucket.RetentionPeriod) is { } until && until > now)
        {
            throw new GcsFault(
                403,
                "retentionPolicyNotMet",
                $"Object '{bucket.Name}/{stored.Name}' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until {GcsObject.Time(until)}");
        }
    }

    /// <summary>Before a live generation is made an old one, too: a hold forbids that, a retention does not.</summary>
    public static void ThrowIfHeld(GcsBucket bucket, GcsObject stored)
    {
        if (stored.TemporaryHold || stored.EventBasedHold)
        {
            var kind = stored.TemporaryHold ? "Temporary hold" : "Event-Based hold";
            throw new GcsFault(
                403,
                "objectUnderActiveHold",
                $"Object '{bucket.Name}/{stored.Name}' is under active {kind} and cannot be deleted, overwritten or archived until hold is removed.");
        }
    }

    /// <summary>Changes holds and retention as a body says, or changes nothing and refuses.</summary>
    /// <param name="isNew">At the object's own upload, where there is nothing yet that could be weakened.</param>
    public static void Apply(GcsBucket bucket, GcsObject stored, JsonObject body, bool overrides, DateTimeOffset now, bool isNew)
    {
        if (body.ContainsKey("retention"))
        {
            ApplyRetention(bucket, stored, body["retention"] as JsonObject, overrides, now, isNew);
        }

        if (body.ContainsKey("temporaryHold"))
        {
            stored.TemporaryHold = (bool?)body["temporaryHold"] ?? false;
        }

        if (body.ContainsKey("eventBasedHold"))
        {
            var isHeld = (bool?)body["eventBasedHold"] ?? false;
            stored.Released = stored.EventBasedHold && !isHeld ? now : stored.Released;
            stored.EventBasedHold = isHeld;
        }
    }

    private static void ApplyRetention(GcsBucket bucket, GcsObject stored, JsonObject? wanted, bool overrides, DateTimeOffset now, bool isNew)
    {
        if (!bucket.HasObjectRetention)
        {
            throw GcsFault.Invalid($"Object retention is not enabled on bucket '{bucket.Name}'.");
        }

        var mode = (string?)wanted?["mode"];
        var until = (string?)wanted?["retainUntilTime"] is { } text
            ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind)
            : (DateTimeOffset?)null;
        if ((mode is null) != (until is null) || mode is not (null or "Unlocked" or "Locked"))
        {
            throw GcsFault.Invalid("A retention needs a mode, Unlocked or Locked, and a retainUntilTime.");
        }

        if (until is not null && (until <= now || until > now + Longest))
        {
            throw GcsFault.Invalid("The retainUntilTime must be in the future, and by less than 100 years.");
        }

        if (!isNew && stored.RetainUntil is { } kept)
        {
            var isWeaker = until is null || until < kept;
            if (stored.RetentionMode is "Locked" && kept > now && (isWeaker || mode is not "Locked"))
            {
                throw new GcsFault(403, "retentionPolicyNotMet", $"The locked retention of object '{bucket.Name}/{stored.Name}' can only be lengthened.");
            }

            if (stored.RetentionMode is "Unlocked" && (isWeaker || mode is not "Unlocked") && !overrides)
            {
                throw new GcsFault(403, "forbidden", "An unlocked retention is reduced, removed or locked with overrideUnlockedRetention alone.");
            }
        }

        (stored.RetentionMode, stored.RetainUntil) = (mode, until);
    }
}
