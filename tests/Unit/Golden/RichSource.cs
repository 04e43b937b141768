using System.Runtime.Versioning;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>
/// A folder whose walk meets what cannot be laid out on a disk: a file that vanishes before it is read, one that changes on every
/// look, and a folder with an extended attribute larger than most file systems take.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class RichSource(ISource inner, string folder) : ISource
{
    public const string Vanishing = "vanishing.log";
    public const string Restless = "restless.log";
    public const string Attributed = "attributed";

    public static ExtendedAttribute LargeAttribute { get; } = new("user.large"u8.ToArray(), RichTree.Noise(40_000, seed: 9));

    public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
    {
        foreach (var item in inner.Enumerate(cancellationToken))
        {
            var entry = item.Entry;
            var name = entry?.Path.Depth == 2 ? EntryName.ToDisplay(entry.Path.Name.ToArray()) : "";
            if (name is Vanishing)
            {
                // The folder was looked at before: it keeps the time that it had then, so that it can be compared later.
                var changedAt = Directory.GetLastWriteTimeUtc(folder);
                File.Delete(Path.Combine(folder, Vanishing));
                Directory.SetLastWriteTimeUtc(folder, changedAt);
            }

            yield return name switch
            {
                Restless => item with { Entry = new Replaced(entry!, entry!.Metadata, static content => new RestlessContent(content)) },
                Attributed => item with { Entry = new Replaced(entry!, entry!.Metadata with { ExtendedAttributes = [LargeAttribute] }, static content => content) },
                _ => item,
            };
        }
    }

    private sealed class Replaced : SourceEntry
    {
        private readonly SourceEntry _inner;
        private readonly Func<SourceContent, SourceContent> _wrap;

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        internal Replaced(SourceEntry inner, EntryMetadata metadata, Func<SourceContent, SourceContent> wrap)
        {
            _inner = inner;
            _wrap = wrap;
            Path = inner.Path;
            Origin = inner.Origin;
            Metadata = metadata;
            Identity = inner.Identity;
            StatedAt = inner.StatedAt;
            TimeGranularity = inner.TimeGranularity;
        }

        public override SourceContent Open() => _wrap(_inner.Open());

        public override SourceContent OpenStream(AlternateStream stream) => _inner.OpenStream(stream);
    }

    private sealed class RestlessContent(SourceContent inner) : SourceContent
    {
        public override EntryMetadata Metadata => inner.Metadata;

        public override EntryIdentity Identity => inner.Identity;

        public override int Read(Span<byte> destination) => inner.Read(destination);

        public override bool IsUnchanged() => false;

        protected override void Dispose(bool disposing) => inner.Dispose();
    }
}
