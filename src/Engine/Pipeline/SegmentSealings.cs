using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>A vault's keys as the rooms of packs and index want them.</summary>
internal static class SegmentSealings
{
    internal static SegmentSealing Of(UnlockedVault vault) => new()
    {
        Vault = vault.Id,
        Epoch = vault.Keys.Epoch,
        IndexKey = vault.Keys.Index,
        Signer = vault.SelfKey,
        RegisterNumber = vault.Register.Head.Number,
        RegisterHash = vault.Register.Head.Hash,
        Time = vault.Now,
    };

    internal static IndexAccess AccessOf(UnlockedVault vault) => new(vault.Id, vault.Register, epoch => vault.TryKeysOf(epoch)?.Index);

    internal static PackSealing PacksOf(UnlockedVault vault) => new()
    {
        Vault = vault.Id,
        Epoch = vault.Keys.Epoch,
        Recipient = vault.Register.Epochs[vault.Keys.Epoch],
        IndexKey = vault.Keys.Index,
        Writer = vault.SelfKey,
        PackSizeBytes = vault.Register.Parameters.PackSizeBytes,
    };
}
