using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// The door through which a restore writes. The walk of an entry: <see cref="Prepare"/> a folder before what is in it;
/// where the verdict is <see cref="PrepareVerdict.Content"/>, <see cref="PutFile"/>, or <see cref="OpenFile"/>, write in any order, complete; hard links
/// (<see cref="Link"/>) once the files they name are complete; <see cref="CompleteFolder"/> last, children before parents;
/// then <see cref="FlushAsync"/>.
/// <para>In place (<see cref="DestinationOptions.InPlace"/>) what stands at the destination counts: where the verdict is <see cref="PrepareVerdict.Compare"/>,
/// <see cref="OpenStanding"/> shows its content; then <see cref="Settle"/> where that is right, or on as with <see cref="PrepareVerdict.Content"/>.</para>
/// <list type="bullet">
/// <item>Entries are hostile until checked: nothing is ever made, changed or followed outside the destination.</item>
/// <item>What concerns one entry is a <see cref="DestinationFault"/>; what ends the restore is a <see cref="DestinationException"/>.</item>
/// <item>All members may be called concurrently. Disposing removes the temporaries of files that are not complete.</item>
/// <item>A crash leaves whole files under real names, and temporaries named <c>.securebackup-(random).partial</c>; what was to be
/// replaced is still there.</item>
/// </list>
/// </summary>
public interface IDestination : IAsyncDisposable
{
    string DisplayName { get; }

    /// <summary>Decides what becomes of an entry, and makes what has no content.</summary>
    Preparation Prepare(DestinationEntry entry);

    /// <summary>Starts the content of a file. Throws <see cref="DestinationFaultException"/> with the fault to list.</summary>
    IDestinationFile OpenFile(Preparation preparation);

    /// <summary>
    /// Restores a file whose whole content is at hand, in one operation: <see cref="OpenFile"/>, one write and <see cref="IDestinationFile.Complete"/> in one, for a third of their
    /// calls. A file of alternate streams goes the long way. Throws <see cref="DestinationException"/>.
    /// </summary>
    /// <param name="readsBack">It gets its name only if it reads as it was written.</param>
    EntryOutcome PutFile(Preparation preparation, ReadOnlySpan<byte> content, bool readsBack);

    /// <summary>
    /// Opens the file that a verdict found in an entry's place, to read it; null where it is gone, is another by now, or may not be read.
    /// </summary>
    IStandingFile? OpenStanding(Preparation preparation);

    /// <summary>
    /// Takes the file that stands there, whose content is right, for the entry, and gives it the attributes that differ. Null where it changed
    /// since <paramref name="seen"/>, or where its attributes cannot be set without changing a file under another name too: then it is to be replaced.
    /// </summary>
    EntryOutcome? Settle(Preparation preparation, StandingStamp seen);

    /// <summary>Makes a further name of a file that this restore wrote or found to be the same.</summary>
    EntryOutcome Link(Preparation preparation);

    /// <summary>Gives a folder its attributes, after everything in it; it has the owner's rights alone until then.</summary>
    EntryOutcome CompleteFolder(Preparation preparation);

    /// <summary>Whether something is mounted on a folder.</summary>
    bool IsMountPoint(EntryPath folder);

    /// <summary>
    /// Removes an entry that is not in the snapshot, if it still is what it was seen to be; a folder only when it is empty. Nothing is removed through a link, and nothing that
    /// this restore made or found right, whatever its name is spelled like.
    /// </summary>
    /// <returns>Null where it is gone.</returns>
    DestinationFault? Remove(EntryPath path, EntryMetadata seen, EntryIdentity identity);

    /// <summary>Brings everything to the disk. Only then is the restore done.</summary>
    Task FlushAsync(CancellationToken cancellationToken);
}

/// <summary>
/// A file in the making, under a temporary name beside its place. Any number may be in progress: the destination bounds how
/// many it holds open. Disposing one that is not complete abandons it.
/// </summary>
public interface IDestinationFile : IDisposable
{
    /// <summary>
    /// Writes a stretch once, from any thread, in any order; what lies in a hole and is all zeros stays a hole.
    /// Throws <see cref="DestinationFaultException"/> (this file cannot be restored) or <see cref="DestinationException"/>.
    /// </summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>The same for one of <see cref="EntryMetadata.AlternateStreams"/>; where streams do not exist nothing happens and
    /// <see cref="Complete"/> lists it.</summary>
    void WriteStream(AlternateStream stream, long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Reads back what was written. Throws as <see cref="Write"/> does; what is not there any more reads as a fault too.</summary>
    void ReadBack(long offset, Span<byte> bytes);

    /// <summary>The same for a stream; false where streams do not exist.</summary>
    bool TryReadBackStream(AlternateStream stream, long offset, Span<byte> bytes);

    /// <summary>A stretch was read back, and need not stay in memory: a hint.</summary>
    void DropBehind(long offset, long lengthBytes);

    /// <summary>Checks that every byte came, sets the attributes and moves the file to its place in one step.</summary>
    EntryOutcome Complete();

    void Abandon();
}

/// <summary>A file that stands at the destination, open for reading.</summary>
public interface IStandingFile : IDisposable
{
    StandingStamp Stamp { get; }

    /// <summary>Reads as much as there is, 0 at the end. Throws <see cref="IOException"/>.</summary>
    int Read(long offset, Span<byte> bytes);
}

/// <summary>What a file looked like when it was read: while all of it is the same, so is the content.</summary>
/// <param name="ChangedAt">Unix ctime; null where the system has none to trust.</param>
public sealed record StandingStamp(ulong DeviceId, ulong FileId, long SizeBytes, Timestamp ModifiedAt, Timestamp? ChangedAt);

/// <summary>An entry as a restore has it from a listing: trusted in nothing.</summary>
public sealed record DestinationEntry(EntryPath Path, NameOrigin Origin, EntryMetadata Metadata);

public enum PrepareVerdict
{
    /// <summary>A file whose content is wanted: <see cref="IDestination.OpenFile"/>.</summary>
    Content,

    /// <summary>In place: a file stands there, and its content decides.</summary>
    Compare,

    /// <summary>A further name: <see cref="IDestination.Link"/> when its first file is complete.</summary>
    Link,

    /// <summary>A folder, made or taken over: <see cref="IDestination.CompleteFolder"/> when all in it is done.</summary>
    Folder,

    /// <summary>Made, attributes and all.</summary>
    Done,

    /// <summary>There already and the same, or a folder that keeps its attributes; a folder's content goes on.</summary>
    Kept,

    /// <summary>Something is there which the overwrite mode protects; listed as <see cref="FaultCodes.EntryExists"/>.</summary>
    Skipped,

    /// <summary>Not restored; the faults say why.</summary>
    Refused,
}

public sealed record Preparation(DestinationEntry Entry, PrepareVerdict Verdict, IReadOnlyList<DestinationFault> Faults)
{
    /// <summary>What stood in the entry's place at the time of the verdict: the only thing that may be replaced.</summary>
    internal ExistingEntry? Existing { get; init; }

    /// <summary>The parent folder is one that this restore made, and not complete yet.</summary>
    internal bool IsInNewFolder { get; init; }

    /// <summary>What a file in the entry's place looked like at the time of the verdict.</summary>
    public StandingStamp? Standing => Existing?.Stamp;
}

/// <summary>What it took to make an entry as it should be.</summary>
public enum EntryChange
{
    None,
    Attributes,
    Written,
}

/// <param name="IsRestored">The entry stands in its place; faults then tell what it lacks.</param>
public sealed record EntryOutcome(bool IsRestored, IReadOnlyList<DestinationFault> Faults)
{
    public EntryChange Change { get; init; } = EntryChange.Written;

    /// <summary>What a file looks like now; null where that is not certain.</summary>
    public StandingStamp? Stamp { get; init; }
}
