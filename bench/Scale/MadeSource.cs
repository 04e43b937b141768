using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Bench.Scale;

/// <summary>A tree of empty files that exists on no disk: its listing is all there is to back up.</summary>
internal sealed class MadeSource(int count) : ISource
{
    public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
    {
        var number = 0UL;
        foreach (var listed in MadeListing.Entries(count))
        {
            number++;
            yield return new SourceItem(
                new MadeEntry
                {
                    Path = listed.Path,
                    Origin = listed.Origin,
                    Metadata = listed.Metadata with { SizeBytes = 0 },
                    Identity = new EntryIdentity(listed.Metadata.ModifiedAt, number, 1, 1),
                    StatedAt = new Timestamp(1_790_000_000, 0),
                    TimeGranularity = TimeSpan.FromMilliseconds(10),
                },
                null);
        }
    }

    private sealed class MadeEntry : SourceEntry
    {
        public override SourceContent Open() => new EmptyContent(this);

        public override SourceContent OpenStream(AlternateStream stream) => throw new NotSupportedException();
    }

    private sealed class EmptyContent(SourceEntry entry) : SourceContent
    {
        public override EntryMetadata Metadata => entry.Metadata;

        public override EntryIdentity Identity => entry.Identity;

        public override int Read(Span<byte> destination) => 0;

        public override bool IsUnchanged() => true;

        protected override void Dispose(bool disposing)
        {
            // There is nothing open.
        }
    }
}
