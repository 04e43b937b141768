using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.Engine.Vault;

/// <summary>The legal holds that keep snapshots, in words.</summary>
internal sealed class SnapshotHolds(UnlockedVault vault)
{
    private readonly HoldGuard _guard = new(vault.Register);
    private readonly IReadOnlyDictionary<HoldId, string> _texts = TextsOf(vault);

    /// <summary>One sentence part for each.</summary>
    internal IReadOnlyList<string> On(Snapshot snapshot) =>
        [.. _guard.On(snapshot.Id, snapshot.DataSetId).Select(hold => _texts.GetValueOrDefault(hold.Id) ?? hold.Id.ToString())];

    /// <summary>A hold whose words this member cannot open holds all the same.</summary>
    private static Dictionary<HoldId, string> TextsOf(UnlockedVault vault)
    {
        try
        {
            return LegalHolds.Read(vault).ToDictionary(static hold => hold.Placed.Id, static hold => $"{hold.Placed.Id.ToString()[..12]}, {(hold.Matter is { } matter ? matter + ", " : null)}{hold.Reason} ({hold.Owner})");
        }
        catch (BackupException)
        {
            return [];
        }
    }
}
