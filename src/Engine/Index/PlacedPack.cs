using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>
/// A pack of this run that no segment names yet: one object for all its chunks, since a place for each was a fifth of what a backup of small files kept. Few packs are asked for one of their chunks;
/// those that are make a table of them.
/// </summary>
internal sealed class PlacedPack(PackRecord pack, IReadOnlyList<PackEntry> entries)
{
    private readonly Lazy<Dictionary<ChunkId, PackEntry>> _byChunk = new(() =>
    {
        var byChunk = new Dictionary<ChunkId, PackEntry>(entries.Count);
        foreach (var entry in entries)
        {
            byChunk[entry.Chunk] = entry;
        }

        return byChunk;
    });

    internal PackRecord Pack => pack;

    internal IReadOnlyList<PackEntry> Entries => entries;

    internal ChunkLocation LocationOf(ChunkId chunk) => new(pack, _byChunk.Value[chunk], SaidBy: null);
}
