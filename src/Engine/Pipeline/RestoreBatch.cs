using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>A file on its way back. A batch may end within it; it then goes on in the next.</summary>
internal sealed class RestoringFile(Preparation preparation, IDestinationFile file)
{
    private long _left;
    private EntryFault? _fault;

    internal Preparation Preparation { get; } = preparation;

    internal IDestinationFile File { get; } = file;

    /// <summary>All its chunks are planned.</summary>
    internal bool IsPlanned { get; set; }

    internal bool HasFailed => _fault is not null;

    internal EntryFault? Fault => _fault;

    internal bool IsWritten => IsPlanned && Interlocked.Read(ref _left) == 0;

    internal void AddUse() => Interlocked.Increment(ref _left);

    internal void EndUse() => Interlocked.Decrement(ref _left);

    /// <summary>The first fault counts; further writes are pointless.</summary>
    internal void Fail(EntryFault fault) => Interlocked.CompareExchange(ref _fault, fault, null);
}

/// <summary>A place where a chunk's bytes go.</summary>
/// <param name="Stream">Null for the file's main content.</param>
internal readonly record struct ChunkUse(RestoringFile File, long Offset, AlternateStream? Stream);

/// <summary>A chunk to fetch, where it lies, and where it goes.</summary>
internal sealed class WantedChunk(ChunkId id, IReadOnlyList<ChunkLocation> places)
{
    internal ChunkId Id { get; } = id;

    internal IReadOnlyList<ChunkLocation> Places { get; } = places;

    /// <summary>As the first of its places says; proven when the chunk is opened.</summary>
    internal int PlainBytes => Places[0].Entry.PlainBytes;

    internal List<ChunkUse> Uses { get; } = [];
}

/// <summary>
/// What is fetched together: as many chunks as fit a bounded plan, grouped by pack, so that each pack is read once and in order however the
/// files lie across it.
/// </summary>
internal sealed class RestoreBatch
{
    /// <summary>About 10 MB of plan; at 1 MiB a chunk 32 GiB of content, at 4 KiB 128 MiB.</summary>
    private const int MaxUses = 32_768;

    private const int MaxFiles = 4_096;

    private readonly Dictionary<ChunkId, WantedChunk> _wanted = [];
    private int _uses;

    internal List<RestoringFile> Files { get; } = [];

    internal bool IsFull => _uses >= MaxUses || Files.Count >= MaxFiles;

    internal WantedChunk? Find(ChunkId id) => _wanted.GetValueOrDefault(id);

    internal void Add(WantedChunk chunk) => _wanted.Add(chunk.Id, chunk);

    internal void Use(WantedChunk chunk, ChunkUse use)
    {
        chunk.Uses.Add(use);
        use.File.AddUse();
        _uses++;
    }

    /// <summary>The chunks by the pack of their first place, in the order in which they lie there.</summary>
    internal IEnumerable<IReadOnlyList<WantedChunk>> ByPack() =>
        _wanted.Values
            .GroupBy(chunk => chunk.Places[0].Pack.Id)
            .Select(pack => (IReadOnlyList<WantedChunk>)[.. pack.OrderBy(chunk => chunk.Places[0].Entry.OffsetBytes)]);
}
