using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Sealed blobs under the metadata key of their header's epoch.</summary>
internal static class MetadataSeal
{
    internal static byte[] Seal(UnlockedVault vault, in ObjectHeader header, ReadOnlySpan<byte> plain) =>
        SealedBlob.Seal(new ObjectKey(vault.KeysOf(header.Epoch).Metadata.Bytes, header, SealPurpose.Metadata), plain);

    /// <exception cref="KeyException">WrongKey, KeyNotGranted.</exception>
    /// <exception cref="IntegrityException">FrameTampered, SealedTooLarge.</exception>
    internal static byte[] Open(UnlockedVault vault, in ObjectHeader header, ReadOnlySpan<byte> blob, int maxBytes)
    {
        using var plain = SealedBlob.TryOpen(new ObjectKey(vault.KeysOf(header.Epoch).Metadata.Bytes, header, SealPurpose.Metadata), blob, maxBytes)
            ?? throw new KeyException(FaultCodes.WrongKey, $"What is sealed in {header.Kind} {header.Object} is not sealed with this vault's metadata key.");
        return plain.Span.ToArray();
    }
}
