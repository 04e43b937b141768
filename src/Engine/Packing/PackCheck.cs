using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>What a whole pack is checked with and against.</summary>
public sealed record PackCheck
{
    public required VaultId Vault { get; init; }

    public required IMemberDirectory Members { get; init; }

    /// <summary>Of the pack's epoch.</summary>
    public required RootKey IndexKey { get; init; }

    /// <summary>What the index recorded, if it knows. Only this covers the random padding; without it a change there goes unseen, and does no harm.</summary>
    public ContentHash? Sha256 { get; init; }

    /// <summary>The vault's private key of the pack's epoch; with it every chunk is opened and its id recomputed.</summary>
    public IdentityKey? Identity { get; init; }

    /// <summary>Wanted with <see cref="Identity"/>. Subjects' chunks are opened only as far as their outer seal.</summary>
    public ChunkKeys? Keys { get; init; }

    /// <summary>Checks every byte of a pack that lies in memory.</summary>
    /// <exception cref="IntegrityException">What is wrong first: the hash that the index recorded, the header, the table, the hash that the writer signed, a chunk.</exception>
    /// <exception cref="VaultException">UnsupportedFormat.</exception>
    public PackTable VerifyWhole(PackId id, ReadOnlySpan<byte> pack)
    {
        ObjectHeader header;
        PackTable table;
        int framesEnd;
        try
        {
            header = PackReader.ReadHeader(Vault, id, pack);
            (table, framesEnd) = ReadTable(header, pack);
        }
        catch (BackupException) when (Sha256 is { Value.IsZero: false } expected && ContentHash.Of(pack) != expected)
        {
            throw NotAsRecorded(id);
        }

        RequireHashes(table, pack, framesEnd);
        if (Identity is not null)
        {
            OpenAll(header, table, pack);
        }

        return table;
    }

    private (PackTable Table, int FramesEnd) ReadTable(in ObjectHeader header, ReadOnlySpan<byte> pack)
    {
        if (pack.Length < PackTableReader.TailBytes)
        {
            throw new IntegrityException(FaultCodes.NotAnObject, $"Pack {header.Object} is cut short.");
        }

        using var reader = PackTableReader.Open(header, IndexKey, pack[^PackTableReader.TailBytes..], pack.Length);
        var locator = reader.Locator;
        return (reader.ReadTable(pack.Slice(locator.FramesEnd, locator.TableFramesBytes), Members), locator.FramesEnd);
    }

    /// <summary>The frames are the first part of the pack, so that one pass gives both hashes: SHA-256 is the larger half of a check.</summary>
    private void RequireHashes(PackTable table, ReadOnlySpan<byte> pack, int framesEnd)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using var hasher = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hasher.AppendData(pack[..framesEnd]);
        hasher.GetCurrentHash(hash);
        var frames = Id256.Read(hash);
        if (Sha256 is { Value.IsZero: false } expected)
        {
            hasher.AppendData(pack[framesEnd..]);
            hasher.GetHashAndReset(hash);
            if (Id256.Read(hash) != expected.Value)
            {
                throw NotAsRecorded(table.Id);
            }
        }

        if (frames != table.FramesHash)
        {
            throw new IntegrityException(FaultCodes.PackHashMismatch, $"The frames of pack {table.Id} are not those that its writer signed.");
        }
    }

    private static IntegrityException NotAsRecorded(PackId id) => new(FaultCodes.PackHashMismatch, $"Pack {id} does not hash to what the index recorded.");

    private void OpenAll(in ObjectHeader header, PackTable table, ReadOnlySpan<byte> pack)
    {
        var keys = Keys ?? throw new InvalidOperationException("Chunks are opened with the chunk-id key.");
        using var reader = PackReader.Open(header, pack, Identity!, keys);
        foreach (var entry in table.Entries)
        {
            var frame = pack.Slice(entry.OffsetBytes, entry.FrameBytes);
            using var opened = entry.Sealing == ChunkSealing.Direct
                ? reader.OpenChunk(entry, DomainId.Vault, frame)
                : reader.OpenFrame(entry, frame);
        }
    }
}
