using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>A file on its way back. A batch may end within it; it then goes on in the next.</summary>
/// <param name="file">Null for one that is put as a whole when its only chunk is here.</param>
internal sealed class RestoringFile(Preparation preparation, IDestinationFile? file)
{
    private readonly Lock _gate = new();
    private List<WrittenPart> _unread = [];
    private long _unreadBytes;
    private long _left = 1; // the plan itself: nobody ends a file that may get further chunks
    private long _fetchedBytes;
    private long _reusedBytes;
    private EntryFault? _fault;

    internal Preparation Preparation { get; } = preparation;

    internal IDestinationFile? File { get; } = file;

    internal bool HasFailed => _fault is not null;

    internal EntryFault? Fault => _fault;

    /// <summary>Set by whoever ended its last use; null while it is under way, and where it has failed.</summary>
    internal EntryOutcome? Outcome { get; set; }

    internal long FetchedBytes => Interlocked.Read(ref _fetchedBytes);

    internal long ReusedBytes => Interlocked.Read(ref _reusedBytes);

    internal void AddUse() => Interlocked.Increment(ref _left);

    /// <summary>What was written, and is to be read back.</summary>
    internal void AddPart(WrittenPart part)
    {
        lock (_gate)
        {
            _unread.Add(part);
            _unreadBytes += part.LengthBytes;
        }
    }

    /// <summary>For whoever reads it back now; nothing where there is less than so much.</summary>
    internal IReadOnlyList<WrittenPart> TakeParts(int minBytes = 0)
    {
        lock (_gate)
        {
            if (_unread.Count == 0 || _unreadBytes < minBytes)
            {
                return [];
            }

            var taken = _unread;
            (_unread, _unreadBytes) = ([], 0);
            return taken;
        }
    }

    internal void AddFetched(int bytes) => Interlocked.Add(ref _fetchedBytes, bytes);

    internal void AddReused(int bytes) => Interlocked.Add(ref _reusedBytes, bytes);

    /// <summary>Whether that was the last use of the file: all its parts are written, or it has failed.</summary>
    internal bool EndUse() => Interlocked.Decrement(ref _left) == 0;

    /// <summary>The first fault counts; further writes are pointless.</summary>
    internal void Fail(EntryFault fault) => Interlocked.CompareExchange(ref _fault, fault, null);
}

/// <summary>A place where a chunk's bytes go.</summary>
/// <param name="Stream">Null for the file's main content.</param>
internal readonly record struct ChunkUse(RestoringFile File, long Offset, AlternateStream? Stream);

/// <summary>A stretch of a file as it must read when it is written.</summary>
/// <param name="Tag">Of its bytes, see <see cref="ReadBack"/>.</param>
/// <param name="Stream">Null for the file's main content.</param>
internal readonly record struct WrittenPart(ulong Tag, long Offset, int LengthBytes, AlternateStream? Stream);

/// <summary>A chunk that stands at the destination in the file that is to be replaced.</summary>
internal readonly record struct PieceCopy(RestoringFile File, ChunkId Id, long Offset, StandingPiece Piece);

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
/// <param name="writtenBytes">How much of the destination's room a batch may take; see <see cref="WrittenWithin"/>.</param>
/// <param name="isFirst">Nobody has anything to do while it is planned, so it is small.</param>
internal sealed class RestoreBatch(long writtenBytes, bool isFirst = false)
{
    /// <summary>About 10 MB of plan; at 1 MiB a chunk 32 GiB of content, at 4 KiB 128 MiB.</summary>
    internal const int MaxUses = 32_768;

    /// <summary>What a restore that is interrupted fetches again, at most: files get their names when their batch is whole.</summary>
    internal const long MaxFetchedBytes = 512L * 1024 * 1024;

    private const int MaxFiles = 4_096;
    private const int FirstFiles = MaxFiles / 8;
    private const long FirstFetchedBytes = MaxFetchedBytes / 8;
    private const long MaxWrittenBytes = 4L * 1024 * 1024 * 1024;
    private const long MinWrittenBytes = 1024 * 1024;

    private readonly Dictionary<ChunkId, WantedChunk> _wanted = [];
    private readonly List<PieceCopy> _copies = [];
    private int _uses;
    private long _fetched;
    private long _written;

    internal long WrittenBytes => _written;

    internal List<RestoringFile> Files { get; } = [];

    /// <summary>The file within which the batch ends.</summary>
    internal RestoringFile? Unfinished { get; set; }

    internal bool IsFull =>
        _uses >= MaxUses || Files.Count >= (isFirst ? FirstFiles : MaxFiles) || _fetched >= (isFirst ? FirstFetchedBytes : MaxFetchedBytes) || _written >= writtenBytes;

    /// <summary>Until a batch is whole, what it replaces stands beside it: where room is short, batches are small.</summary>
    internal static long WrittenWithin(long freeBytes) => Math.Clamp(freeBytes / 8, MinWrittenBytes, MaxWrittenBytes);

    internal WantedChunk? Find(ChunkId id) => _wanted.GetValueOrDefault(id);

    internal void Add(WantedChunk chunk)
    {
        _wanted.Add(chunk.Id, chunk);
        _fetched += chunk.PlainBytes;
    }

    internal void Use(WantedChunk chunk, ChunkUse use)
    {
        chunk.Uses.Add(use);
        use.File.AddUse();
        _written += chunk.PlainBytes;
        _uses++;
    }

    internal void Copy(PieceCopy copy)
    {
        _copies.Add(copy);
        copy.File.AddUse();
        _written += copy.Piece.LengthBytes;
        _uses++;
    }

    /// <summary>The pieces to copy, by file, in the order of their places.</summary>
    internal IEnumerable<IReadOnlyList<PieceCopy>> CopiesByFile() => _copies.GroupBy(static copy => copy.File).Select(static file => (IReadOnlyList<PieceCopy>)[.. file]);

    /// <summary>The chunks by the pack of their first place, in the order in which they lie there.</summary>
    internal IEnumerable<IReadOnlyList<WantedChunk>> ByPack() =>
        _wanted.Values
            .GroupBy(chunk => chunk.Places[0].Pack.Id)
            .Select(pack => (IReadOnlyList<WantedChunk>)[.. pack.OrderBy(chunk => chunk.Places[0].Entry.OffsetBytes)]);
}
