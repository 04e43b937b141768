using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>A vault's keys as the rooms of packs and index want them.</summary>
internal static class SegmentSealings
{
    internal static SegmentSealing Of(UnlockedVault vault)
    {
        var (keys, head) = (vault.Keys, vault.Register.Head);
        return new SegmentSealing
        {
            Vault = vault.Id,
            Epoch = keys.Epoch,
            IndexKey = keys.Index,
            Signer = vault.SelfKey,
            RegisterNumber = head.Number,
            RegisterHash = head.Hash,
            Time = vault.Now,
        };
    }

    internal static IndexAccess AccessOf(UnlockedVault vault) => new(vault.Id, vault.Register, epoch => vault.TryKeysOf(epoch)?.Index);

    internal static PackSealing PacksOf(UnlockedVault vault)
    {
        var keys = vault.Keys;
        return new PackSealing
        {
            Vault = vault.Id,
            Epoch = keys.Epoch,
            Recipient = vault.Register.Epochs[keys.Epoch],
            IndexKey = keys.Index,
            Writer = vault.SelfKey,
            PackSizeBytes = vault.Register.Parameters.PackSizeBytes,
        };
    }
}
