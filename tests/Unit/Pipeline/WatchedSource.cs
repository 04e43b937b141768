using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A source whose files are opened under somebody's eyes.</summary>
internal sealed class WatchedSource(ISource inner, Func<SourceEntry, Func<SourceContent>, SourceContent> open) : ISource
{
    public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
    {
        foreach (var item in inner.Enumerate(cancellationToken))
        {
            yield return item.Entry is { Metadata.Kind: EntryKind.File } file ? item with { Entry = new WatchedEntry(file, open) } : item;
        }
    }
}

internal sealed class WatchedEntry : SourceEntry
{
    private readonly SourceEntry _inner;
    private readonly Func<SourceEntry, Func<SourceContent>, SourceContent> _open;

    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    internal WatchedEntry(SourceEntry inner, Func<SourceEntry, Func<SourceContent>, SourceContent> open)
    {
        (_inner, _open) = (inner, open);
        Path = inner.Path;
        Origin = inner.Origin;
        Metadata = inner.Metadata;
        LacksAttributes = inner.LacksAttributes;
        Identity = inner.Identity;
        StatedAt = inner.StatedAt;
        TimeGranularity = inner.TimeGranularity;
    }

    public override EntryMetadata ReadMetadata(out SourceFault? fault) => _inner.ReadMetadata(out fault);

    public override SourceContent Open() => _open(this, _inner.Open);

    public override SourceContent OpenStream(AlternateStream stream) => _inner.OpenStream(stream);
}

/// <summary>What is wrong with a file in one look at it.</summary>
public enum Oddity
{
    None,
    Refused,
    BreaksOff,
    Changes,
    Shrinks,
    Grows,
}

internal sealed class OddContent(SourceContent inner, EntryPath path, Oddity oddity) : SourceContent
{
    private long _read;

    public override EntryMetadata Metadata => inner.Metadata;

    public override EntryIdentity Identity => inner.Identity;

    public override int Read(Span<byte> destination)
    {
        var half = inner.Metadata.SizeBytes / 2;
        if (_read >= half && oddity == Oddity.BreaksOff)
        {
            throw new SourceFaultException(new SourceFault(FaultCodes.EntryUnreadable, path.ToString(), "A bad sector."));
        }

        if (_read >= half && oddity == Oddity.Shrinks)
        {
            return 0;
        }

        if (_read == inner.Metadata.SizeBytes && oddity == Oddity.Grows)
        {
            destination[0] = 1;
            _read++;
            return 1;
        }

        var count = inner.Read(destination[..(int)Math.Min(destination.Length, _read < half ? half - _read : long.MaxValue)]);
        _read += count;
        return count;
    }

    public override bool IsUnchanged() => oddity != Oddity.Changes && inner.IsUnchanged();

    protected override void Dispose(bool disposing) => inner.Dispose();
}
