using System.IO.Hashing;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>
/// Moves the needed frames of packs. The vault's own chunks are opened and proven to be what their ids say; those of subjects move with their inner seal as it is, since nobody here needs their
/// keys. A pack with a needed frame that does not open is left alone: somebody may still have another copy of it.
/// </summary>
internal sealed class FrameMover(VaultReader vault, LiveFrames live, CompactedPacks output) : IDisposable
{
    private readonly CompressorCatalog _compressors = new();
    private readonly Dictionary<ChunkId, PackId> _places = [];
    private readonly Dictionary<PackId, HashSet<PackId>> _moves = [];

    internal IReadOnlyCollection<PackId> Moved => _moves.Keys;

    internal async Task MoveAsync(PackRecord pack, IEngineSink sink, CancellationToken cancellationToken)
    {
        try
        {
            using var bytes = OwnedBuffer.Rent(pack.LengthBytes);
            var (reader, entries, checksums) = await SecondRead.RunAsync(vault.Vault.Target, pack.Name, async target =>
            {
                await target.ReadAsync(pack.Name, 0, bytes.Memory, cancellationToken);
                return OpenProven(pack, bytes);
            });
            using var opened = reader;
            if (entries.Count == 0)
            {
                // A set of references names it, and no listing leads to it: it stays, as the set says.
                return;
            }

            var places = new HashSet<PackId>();
            for (var i = 0; i < entries.Count; i++)
            {
                places.Add(await MoveAsync(reader, entries[i], checksums[i], bytes, cancellationToken));
            }

            _moves.Add(pack.Id, places);
        }
        catch (BackupException damage) when (ChunkFetcher.IsOfOnePlace(damage) && damage.Code != FaultCodes.SealVerificationFailed && damage.Code != FaultCodes.UploadNotConfirmed)
        {
            sink.Report(new BackupEvent(EventSeverity.Warning, $"The pack {pack.Id} is not compacted: {damage.Message}", FaultCodes.PackUnmovable));
        }
    }

    /// <summary>Each old pack with all that it is read as from now on; only packs that the target has.</summary>
    internal IReadOnlyList<(PackId Old, PackId New)> MovesTo(CompactedPacks stored)
    {
        var there = stored.Stored.Select(static pack => pack.Record.Id).ToHashSet();
        return [.. _moves.Where(move => move.Value.All(there.Contains)).SelectMany(static move => move.Value.Select(place => (move.Key, place)))];
    }

    public void Dispose() => _compressors.Dispose();

    /// <returns>The needed frames of a pack, each proven.</returns>
    private (PackReader Reader, List<PackEntry> Entries, ulong[] Checksums) OpenProven(PackRecord pack, OwnedBuffer bytes)
    {
        var header = PackReader.ReadHeader(vault.Vault.Id, pack.Id, bytes.Span);
        var entries = ReadTable(header, bytes);
        var reader = PackReader.Open(header, bytes.Span, vault.IdentityOf(header.Epoch), new ChunkKeys(vault.Vault.Keys.ChunkId, _compressors));
        try
        {
            return (reader, entries, Prove(reader, entries, bytes));
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    private List<PackEntry> ReadTable(in ObjectHeader header, OwnedBuffer bytes)
    {
        using var table = PackTableReader.Open(header, vault.Vault.KeysOf(header.Epoch).Index, bytes.Span[^PackTableReader.TailBytes..], bytes.LengthBytes);
        return [.. table.ReadTable(bytes.Span.Slice(table.Locator.FramesEnd, table.Locator.TableFramesBytes), vault.Vault.Register).Entries
            .Where(entry => live.Needs(entry.Chunk) || (live.HasSealedLists && entry.Sealing == ChunkSealing.Subject))];
    }

    /// <summary>Before the first of them is moved: a pack is moved whole or not at all.</summary>
    /// <returns>Of each payload the checksum that it had when it was proven.</returns>
    private static ulong[] Prove(PackReader reader, List<PackEntry> entries, OwnedBuffer bytes)
    {
        var checksums = new ulong[entries.Count];
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Sealing == ChunkSealing.Direct)
            {
                reader.OpenChunk(entries[i], DomainId.Vault, FrameOf(entries[i], bytes), out checksums[i]).Dispose();
                continue;
            }

            using var payload = reader.OpenFrame(entries[i], FrameOf(entries[i], bytes));
            checksums[i] = XxHash3.HashToUInt64(payload.Span);
        }

        return checksums;
    }

    private async ValueTask<PackId> MoveAsync(PackReader reader, PackEntry entry, ulong checksum, OwnedBuffer bytes, CancellationToken cancellationToken)
    {
        // A second copy of what was opened and moved already is not needed; nobody here can tell whether a subject's is good.
        if (entry.Sealing == ChunkSealing.Direct && _places.TryGetValue(entry.Chunk, out var place))
        {
            return place;
        }

        using var payload = reader.OpenFrame(entry, FrameOf(entry, bytes));
        place = await output.AddAsync(entry, payload, checksum, live.IsPage(entry.Chunk), cancellationToken);
        _places[entry.Chunk] = place;
        return place;
    }

    private static ReadOnlySpan<byte> FrameOf(PackEntry entry, OwnedBuffer bytes) => bytes.Span.Slice(entry.OffsetBytes, entry.FrameBytes);
}
