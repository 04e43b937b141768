using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Destinations;

/// <summary>What to do with an entry whose place is taken.</summary>
internal static class OverwriteDecision
{
    public static PrepareVerdict Decide(OverwriteMode mode, EntryMetadata wanted, ExistingEntry existing) => mode switch
    {
        OverwriteMode.Always => PrepareVerdict.Content,
        OverwriteMode.IfDifferent => IsSame(wanted, existing) ? PrepareVerdict.Kept : PrepareVerdict.Content,
        OverwriteMode.IfNewer => wanted.ModifiedAt > existing.ModifiedAt ? PrepareVerdict.Content : PrepareVerdict.Skipped,
        _ => PrepareVerdict.Skipped,
    };

    /// <summary>A further name is never the same by looks: it is so only by being that very file.</summary>
    private static bool IsSame(EntryMetadata wanted, ExistingEntry existing) =>
        wanted.Kind == existing.Kind
        && wanted.ModifiedAt == existing.ModifiedAt
        && (wanted.Kind != EntryKind.File || wanted.SizeBytes == existing.SizeBytes)
        && (wanted.Kind != EntryKind.SymbolicLink || wanted.LinkTarget?.Length == existing.SizeBytes);
}
