using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// When a file's content of the last run may stand for its content now: path, kind, size, modification time, change time and file id are equal,
/// <em>and</em> both times lie before that run's look by more than the file system's granularity. Without the second half a file
/// that was written twice within one tick of the clock, around the look, would pass as unchanged for ever.
/// </summary>
/// <param name="LookedAt">The earliest moment at which the last run may have looked.</param>
/// <param name="TrustsMissingChangeTime">The user's word that modification time and size are enough where the file system has no change time or file id to trust.</param>
internal sealed record UnchangedRule(Timestamp LookedAt, bool TrustsMissingChangeTime)
{
    internal bool Holds(CachedEntry before, SourceEntry now)
    {
        var isSameFile = before.Kind == EntryKind.File && now.Metadata.Kind == EntryKind.File
            && !before.HasContentFault
            && before.SizeBytes == now.Metadata.SizeBytes
            && before.ModifiedAt == now.Metadata.ModifiedAt;
        return isSameFile && IsSettled(before.ModifiedAt, now.TimeGranularity) && IdentityHolds(before.Identity, now);
    }

    /// <summary>The same of a folder, which has no content: it shows what it showed.</summary>
    internal bool HoldsFolder(CachedEntry before, SourceEntry now) =>
        before.Kind == EntryKind.Directory && now.Metadata.Kind == EntryKind.Directory
        && before.ModifiedAt == now.Metadata.ModifiedAt
        && IsSettled(before.ModifiedAt, now.TimeGranularity) && IdentityHolds(before.Identity, now);

    /// <summary>Whether there can be a listing that stands for this file: not if it is too young, or on a file system whose times prove nothing.</summary>
    internal bool MayHold(SourceEntry now) =>
        IsSettled(now.Metadata.ModifiedAt, now.TimeGranularity)
        && (TrustsMissingChangeTime || (HasTrusted(now.Identity) && IsSettled(now.Identity.ChangedAt!.Value, now.TimeGranularity)));

    /// <summary>Of an entry for which the rule holds: whether that says the same of its attributes, which every change time that can be trusted does.</summary>
    internal static bool CoversAttributes(CachedEntry before, SourceEntry now) => HasTrusted(before.Identity) && HasTrusted(now.Identity);

    private static bool HasTrusted(EntryIdentity identity) => identity.ChangedAt is not null && identity.FileId != 0;

    private bool IdentityHolds(EntryIdentity was, SourceEntry now)
    {
        if (!HasTrusted(was) || !HasTrusted(now.Identity))
        {
            return TrustsMissingChangeTime;
        }

        return was.ChangedAt == now.Identity.ChangedAt
            && was.FileId == now.Identity.FileId
            && IsSettled(was.ChangedAt!.Value, now.TimeGranularity);
    }

    private bool IsSettled(Timestamp time, TimeSpan granularity)
    {
        var nanoseconds = time.Nanoseconds + (granularity.Ticks % TimeSpan.TicksPerSecond * 100);
        var settled = new Timestamp(
            time.Seconds + (granularity.Ticks / TimeSpan.TicksPerSecond) + (nanoseconds / 1_000_000_000),
            (uint)(nanoseconds % 1_000_000_000));
        return settled < LookedAt;
    }
}
