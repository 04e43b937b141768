using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Sources;

/// <summary>The front door: something that yields entries in path order and opens what they hold.</summary>
public interface ISource
{
    /// <summary>
    /// All entries, in strictly ascending <see cref="EntryPath"/> order, folders before what is in them. An entry that cannot be read
    /// is an item with a fault; the walk goes on. Synchronous: the walk runs on a thread of its own.
    /// </summary>
    IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken);

    /// <summary>Whether it can be enumerated once more from the start, as files can and a pipeline cannot.</summary>
    bool CanRepeat => false;
}

/// <summary>One step of a walk: an entry, or a fault where there should have been one, or an entry with a fault in its attributes.</summary>
public sealed record SourceItem(SourceEntry? Entry, SourceFault? Fault);

/// <summary>
/// An entry as seen now. <see cref="StatedAt"/> is the time of that look by the file system's clock where it could be asked, for the
/// racy-clean rule: an entry whose times are not older than the look by more than <see cref="TimeGranularity"/> is not "unchanged".
/// </summary>
public abstract class SourceEntry
{
    public required EntryPath Path { get; init; }

    public required NameOrigin Origin { get; init; }

    public required EntryMetadata Metadata { get; init; }

    /// <summary>
    /// The extended attributes were not read, and are not in <see cref="Metadata"/>: whoever finds that the entry did not change knows them, and whoever opens it
    /// reads them with its content.
    /// </summary>
    public bool LacksAttributes { get; init; }

    public required EntryIdentity Identity { get; init; }

    public required Primitives.Timestamp StatedAt { get; init; }

    public required TimeSpan TimeGranularity { get; init; }

    /// <summary><see cref="Metadata"/> with the extended attributes. Throws <see cref="SourceFaultException"/>.</summary>
    /// <param name="fault">An attribute that could not be read, or null.</param>
    public virtual EntryMetadata ReadMetadata(out SourceFault? fault)
    {
        fault = null;
        return Metadata;
    }

    /// <summary>
    /// Opens the content (files only). Throws <see cref="SourceFaultException"/> with the fault to list. Several entries are opened at once, from any thread, and the same one again after a
    /// fault or a change.
    /// </summary>
    public abstract SourceContent Open();

    /// <summary>Opens one of <see cref="EntryMetadata.AlternateStreams"/>.</summary>
    public abstract SourceContent OpenStream(AlternateStream stream);
}

/// <summary>Open content: read from start to end, then asked whether it stayed the same.</summary>
public abstract class SourceContent : IDisposable
{
    /// <summary>Metadata taken from the open handle before the first byte; what is stored with the content.</summary>
    public abstract EntryMetadata Metadata { get; }

    public abstract EntryIdentity Identity { get; }

    /// <summary>An attribute that could not be read, or null.</summary>
    public virtual SourceFault? AttributeFault { get; init; }

    /// <summary>Reads the next bytes in order, holes as zeros; 0 at the end. Throws <see cref="SourceFaultException"/>.</summary>
    public abstract int Read(Span<byte> destination);

    /// <summary>Whether the handle still shows what it showed at the start (size, mtime, ctime): false is a fault, or one more try.</summary>
    public abstract bool IsUnchanged();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}

/// <summary>Carries a <see cref="SourceFault"/> from the depth of a read to the stage that lists it.</summary>
public sealed class SourceFaultException(SourceFault fault, Exception? inner = null) : Exception(fault.Message, inner)
{
    public SourceFault Fault { get; } = fault;
}
