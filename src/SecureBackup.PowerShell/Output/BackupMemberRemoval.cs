using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>What a member's removal means.</summary>
public sealed class BackupMemberRemoval
{
    private BackupMemberRemoval(VaultMember member, RevocationResult result, string vault)
    {
        Name = member.Entry.Name;
        MemberId = member.Entry.Id.ToString();
        LastValid = [.. result.LastValid.Select(static reference => reference.Id.ToString())];
        SnapshotsDropped = result.Dropped;
        PendingChange = result.Append.Pending?.ToString();
        Vault = vault;
    }

    public string Name { get; }

    public string MemberId { get; }

    /// <summary>Ids of the member's last snapshots that stay valid, with all that it made before them.</summary>
    public IReadOnlyList<string> LastValid { get; }

    /// <summary>Snapshots of the member that do not count any more.</summary>
    public int SnapshotsDropped { get; }

    /// <summary>The key epoch that began with the removal; null where none did.</summary>
    public int? NewEpoch { get; private init; }

    /// <summary>What the key still is good for in other hands, in words.</summary>
    public string StillKnown { get; private init; } = string.Empty;

    /// <summary>The change that further owners must sign before the member is removed; null where it is.</summary>
    public string? PendingChange { get; }

    public string Vault { get; }

    internal static BackupMemberRemoval From(VaultMember member, RevocationResult result, uint? epoch, string vault) => new(member, result, vault)
    {
        NewEpoch = (int?)epoch,
        StillKnown = member.MayRead
            ? "Everything that was stored until now: whoever has the key and a copy of the vault can read it, for ever. Only storing it anew under a new vault's keys helps."
            : $"Names of data sets, hosts, times and sizes of the snapshots {(epoch is null ? "made before and after" : "made until now")}, and whether content that the holder has is in the vault. No content.",
    };
}
