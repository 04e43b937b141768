namespace SecureBackup.Engine.Vault;

/// <summary>The legal holds that keep a snapshot.</summary>
internal static class SnapshotHolds
{
    /// <summary>One sentence part for each.</summary>
    internal static IReadOnlyList<string> On(UnlockedVault vault, Snapshot snapshot) => [];
}
