using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>
/// Which chunks the accepted snapshots need, learnt by walking their listings once: of packs that the index knows, one bit a frame; and of chunks that are asked about, whether
/// they are needed, wherever the index says that they lie. A page or list that several snapshots share is read once. Anything that cannot be read ends the walk: what hangs below it is not known.
/// </summary>
/// <param name="isWanted">Of which packs the frames are to be marked.</param>
internal sealed class LiveFrames(VaultReader reader, ChunkIndex index, ChunkFetcher fetcher, Func<PackId, bool> isWanted)
{
    private readonly Dictionary<ulong, bool> _asked = [];
    private readonly Dictionary<PackId, FrameSet> _packs = [];
    private readonly HashSet<(ChunkId Id, int Depth)> _seen = [];

    /// <summary>The wanted packs in which something is needed.</summary>
    internal IReadOnlyDictionary<PackId, FrameSet> Packs => _packs;

    /// <summary>Some subject's content is so long that its list of chunks lies under the subject's key: every frame of subjects must count as needed. Which subject's a frame is, no table says.</summary>
    internal bool HasSealedLists { get; private set; }

    /// <summary>To be asked before the walk. By the first 64 bits of the id: of two that agree in them both are kept.</summary>
    internal void AskAbout(ChunkId chunk) => _asked.TryAdd(chunk.Value.A, false);

    internal void Need(ChunkId chunk) => _asked[chunk.Value.A] = true;

    internal bool Needs(ChunkId chunk) => _asked.GetValueOrDefault(chunk.Value.A);

    /// <summary>Whether a chunk is a page of a listing or a list of ids, and belongs among its like.</summary>
    internal bool IsPage(ChunkId chunk) => Enumerable.Range(-1 - ContentRef.MaxDepth, 2 * (ContentRef.MaxDepth + 1)).Any(depth => _seen.Contains((chunk, depth)));

    /// <param name="goesOn">Asked before each page.</param>
    /// <returns>False where it was ended early: then what is needed is not known.</returns>
    /// <exception cref="VaultException">CompactionStopped.</exception>
    internal async Task<bool> WalkAsync(IEnumerable<Snapshot> snapshots, Func<bool> goesOn, CancellationToken cancellationToken)
    {
        foreach (var snapshot in snapshots)
        {
            try
            {
                if (!await WalkAsync(reader.OpenOwnerPart(snapshot), goesOn, cancellationToken))
                {
                    return false;
                }
            }
            catch (BackupException fault) when (fault is not TargetException { IsOfWholePlace: true })
            {
                throw new VaultException(FaultCodes.CompactionStopped, $"The listing of snapshot {snapshot.Id} ({snapshot.DataSet}) cannot be read whole, so nothing is compacted. {fault.Message}", fault);
            }
        }

        return true;
    }

    private async Task<bool> WalkAsync(OwnerPart owner, Func<bool> goesOn, CancellationToken cancellationToken)
    {
        var open = new Stack<(ChunkId Page, int Level)>();
        if (owner.ListingRoot is { } root)
        {
            open.Push((root.Page, root.Level));
        }

        while (open.TryPop(out var next))
        {
            // Pages and lists are told apart by the sign: one chunk may be both, if somebody takes the trouble.
            if (!_seen.Add((next.Page, -1 - next.Level)))
            {
                continue;
            }

            if (!goesOn())
            {
                return false;
            }

            await MarkAsync(next.Page, cancellationToken);
            using var bytes = await fetcher.FetchAsync(next.Page, cancellationToken);
            var page = PageCodec.Decode(bytes.Memory, next.Page);
            foreach (var below in page.References)
            {
                open.Push((below.Page, next.Level - 1));
            }

            foreach (var entry in page.Entries)
            {
                await MarkAsync(entry, cancellationToken);
            }
        }

        await MarkAsync(owner.Identities, default, cancellationToken);
        await MarkAsync(owner.Faults ?? ContentRef.Empty, default, cancellationToken);
        return true;
    }

    private async ValueTask MarkAsync(ListedEntry entry, CancellationToken cancellationToken)
    {
        await MarkAsync(entry.Content, entry.Domain, cancellationToken);
        foreach (var side in entry.Streams.Concat(entry.LargeAttributes))
        {
            await MarkAsync(side.Content, entry.Domain, cancellationToken);
        }
    }

    private async ValueTask MarkAsync(ContentRef content, DomainId domain, CancellationToken cancellationToken)
    {
        foreach (var id in content.Ids)
        {
            await MarkAsync(id, cancellationToken);
            if (content.Depth == 0 || !_seen.Add((id, content.Depth)))
            {
                continue;
            }

            if (domain.IsVault)
            {
                await MarkAsync(await ContentReader.ReadListAsync(content.Depth - 1, id, fetcher, cancellationToken), domain, cancellationToken);
            }
            else
            {
                HasSealedLists = true;
            }
        }
    }

    /// <summary>Every place counts: which of several copies is good shows only when it is read.</summary>
    private async ValueTask MarkAsync(ChunkId chunk, CancellationToken cancellationToken)
    {
        if (_asked.Count > 0)
        {
            // Where packs have said themselves what is in them, the index has no say: it may have lost a place, or be told a false one.
            if (_asked.ContainsKey(chunk.Value.A))
            {
                Need(chunk);
            }

            return;
        }

        var places = await index.FindAsync(chunk, cancellationToken);
        if (places.Count == 0)
        {
            throw new IntegrityException(FaultCodes.ChunkMissing, $"The chunk {chunk} stands in no index segment.");
        }

        foreach (var place in places.Where(place => isWanted(place.Pack.Id)))
        {
            if (!_packs.TryGetValue(place.Pack.Id, out var frames))
            {
                _packs.Add(place.Pack.Id, frames = new FrameSet(place.Pack));
            }

            frames.Mark(place.Entry);
        }
    }
}

/// <summary>The needed frames of one pack.</summary>
internal sealed class FrameSet(PackRecord pack)
{
    private const int BitsInWord = 64;

    private ulong[] _words = new ulong[1];

    internal PackRecord Pack => pack;

    internal long LiveBytes { get; private set; }

    private bool Has(int frame) => frame / BitsInWord < _words.Length && (_words[frame / BitsInWord] & (1UL << (frame % BitsInWord))) != 0;

    internal void Mark(in PackEntry entry)
    {
        if (Has(entry.Frame))
        {
            return;
        }

        if (entry.Frame / BitsInWord >= _words.Length)
        {
            Array.Resize(ref _words, (entry.Frame / BitsInWord) + 1);
        }

        _words[entry.Frame / BitsInWord] |= 1UL << (entry.Frame % BitsInWord);
        LiveBytes += entry.FrameBytes;
    }
}
