using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Reads packs whole: hash, table, signature, every frame, every chunk id.</summary>
internal sealed class PackVerifier(VaultReader vault, PackAttestation attestation, ProgressCounters counters)
{
    internal long BytesRead { get; private set; }

    /// <returns>What the target said where the pack is gone; null where it was judged.</returns>
    internal async Task<TargetException?> TryVerifyAsync(PackRecord pack, VerifyFaults faults, CancellationToken cancellationToken)
    {
        if (faults.BrokenPacks.Contains(pack.Id))
        {
            return null;
        }

        counters.SetCurrentItem(pack.Name.Value);
        using var bytes = OwnedBuffer.Rent(pack.LengthBytes);
        try
        {
            await vault.Vault.Target.ReadAsync(pack.Name, 0, bytes.Memory, cancellationToken);
            BytesRead += pack.LengthBytes;
            counters.AddBytesRead(pack.LengthBytes);
            counters.AddFile();
            var table = Verify(pack, bytes.Span);
            await attestation.AddAsync(pack.HasHash ? pack : pack with { Sha256 = ContentHash.Of(bytes.Span) }, table, cancellationToken);
        }
        catch (TargetException gone) when (gone.Fault == TargetFault.NotFound)
        {
            return gone;
        }
        catch (BackupException damage) when (ChunkFetcher.IsOfOnePlace(damage))
        {
            faults.AddPack(pack.Id, damage.Code, damage.Message);
        }

        return null;
    }

    private PackTable Verify(PackRecord pack, ReadOnlySpan<byte> bytes)
    {
        using var compressors = new CompressorCatalog();
        var epoch = PackReader.ReadHeader(vault.Vault.Id, pack.Id, bytes).Epoch;
        var check = new PackCheck
        {
            Vault = vault.Vault.Id,
            Members = vault.Vault.Register,
            IndexKey = vault.Vault.KeysOf(epoch).Index,
            Sha256 = pack.Sha256,
            Identity = vault.IdentityOf(epoch),
            Keys = new ChunkKeys(vault.Vault.Keys.ChunkId, compressors),
        };
        var table = check.VerifyWhole(pack.Id, bytes);
        if (table.Writer.Id != pack.Writer)
        {
            throw new IntegrityException(FaultCodes.SignerNotEntitled, $"Pack {pack.Id} is signed by {table.Writer.Name}, and the index names member {pack.Writer} as its writer.");
        }

        return table;
    }
}
