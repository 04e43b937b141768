using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>The pack records of many segments as one ascending stream, each pack once, by the word of the first segment that names it.</summary>
internal static class PackMerge
{
    internal static async IAsyncEnumerable<PackRecord> MergeAsync(
        IReadOnlyList<IndexSegment> segments, Action<IndexSegment, BackupException> report, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var streams = new PackStream[segments.Count];
        var heads = new PriorityQueue<PackStream, (PackId Pack, int Rank)>();
        try
        {
            for (var rank = 0; rank < streams.Length; rank++)
            {
                streams[rank] = new PackStream(segments[rank], rank, cancellationToken);
                await PushAsync(streams[rank]);
            }

            PackId? last = null;
            while (heads.TryDequeue(out var stream, out _))
            {
                var pack = stream.Packs.Current;
                if (pack.Id != last)
                {
                    last = pack.Id;
                    yield return pack;
                }

                await PushAsync(stream);
            }
        }
        finally
        {
            foreach (var stream in streams)
            {
                await (stream?.Packs.DisposeAsync() ?? ValueTask.CompletedTask);
            }
        }

        async ValueTask PushAsync(PackStream stream)
        {
            try
            {
                if (await stream.Packs.MoveNextAsync())
                {
                    heads.Enqueue(stream, (stream.Packs.Current.Id, stream.Rank));
                }
            }
            catch (BackupException fault) when (SegmentCatalog.IsOfOneObject(fault))
            {
                report(stream.Segment, fault);
            }
        }
    }

    private sealed class PackStream(IndexSegment segment, int rank, CancellationToken cancellationToken)
    {
        public IndexSegment Segment => segment;

        public int Rank => rank;

        public IAsyncEnumerator<PackRecord> Packs { get; } = segment.EnumeratePacksAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
    }
}
