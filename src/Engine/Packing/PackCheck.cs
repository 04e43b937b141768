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
    /// <exception cref="IntegrityException">What is wrong first.</exception>
    /// <exception cref="VaultException">UnsupportedFormat.</exception>
    public PackTable VerifyWhole(PackId id, ReadOnlySpan<byte> pack)
    {
        if (Sha256 is { Value.IsZero: false } expected && ContentHash.Of(pack) != expected)
        {
            throw new IntegrityException(FaultCodes.PackHashMismatch, $"Pack {id} does not hash to what the index recorded.");
        }

        var header = PackReader.ReadHeader(Vault, id, pack);
        if (pack.Length < PackTableReader.TailBytes)
        {
            throw new IntegrityException(FaultCodes.NotAnObject, $"Pack {id} is cut short.");
        }

        using var reader = PackTableReader.Open(header, IndexKey, pack[^PackTableReader.TailBytes..], pack.Length);
        var locator = reader.Locator;
        var table = reader.ReadTable(pack.Slice(locator.FramesEnd, locator.TableFramesBytes), Members);
        if (Id256.Read(SHA256.HashData(pack[..locator.FramesEnd])) != table.FramesHash)
        {
            throw new IntegrityException(FaultCodes.PackHashMismatch, $"The frames of pack {id} are not those that its writer signed.");
        }

        if (Identity is not null)
        {
            OpenAll(header, table, pack);
        }

        return table;
    }

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
