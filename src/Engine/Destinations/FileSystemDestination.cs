using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// A folder that a restore writes to. Every operation enters its parent folder anew from the destination's own handle, through no
/// link, so a folder that is swapped for a link between two calls is refused and not followed.
/// </summary>
public sealed partial class FileSystemDestination : IDestination
{
    private readonly OverwriteMode _overwrite;
    private readonly DestinationOptions _options;
    private readonly ConcurrentDictionary<FileInProgress, bool> _unfinished = new();
    private readonly ClosedWays _closed;
    private readonly UnflushedSystems _unflushed = new();

    internal FileSystemDestination(string displayName, DestinationSystem system, DestinationOptions options, OriginalPlaces? places = null)
    {
        _places = places;
        _closed = ClosedWays.Below(places is null ? displayName : OriginalPlaces.Top, options.ClosedFolders);
        DisplayName = displayName;
        Host = system;
        _options = options;
        Placement = new Placement(options.InPlace, _unflushed);
        _overwrite = options.InPlace ? OverwriteMode.Always : options.Overwrite ?? OverwriteMode.Never;
        Handles = new HandlePool(options.MaxOpenFiles);
    }

    public string DisplayName { get; }

    internal HandlePool Handles { get; }

    internal DestinationSystem Host { get; }

    internal Placement Placement { get; }

    /// <summary>Opens a folder, making it where it does not exist. All that would end the restore at once is said here.</summary>
    public static FileSystemDestination Open(string path, DestinationOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxOpenFiles, 1, nameof(options));
        return DestinationOpening.Open(Path.GetFullPath(path), options);
    }

    public Preparation Prepare(DestinationEntry entry)
    {
        try
        {
            if (IsTop(entry.Path))
            {
                return new Preparation(entry, PrepareVerdict.Kept, []);
            }

            return NameRules.Refuse(entry.Path, entry.Origin, Host.Names) is { } refusal
                ? new Preparation(entry, PrepareVerdict.Refused, [refusal])
                : PrepareNamed(entry);
        }
        catch (FolderException failure)
        {
            return new Preparation(entry, PrepareVerdict.Refused, [DestinationErrors.ToFault(failure, entry, DisplayName)]);
        }
    }

    public IDestinationFile OpenFile(Preparation preparation)
    {
        Expect(preparation, PrepareVerdict.Content);
        try
        {
            var file = FileInProgress.Start(this, preparation);
            _unfinished[file] = true;
            return file;
        }
        catch (FolderException failure)
        {
            throw new DestinationFaultException(DestinationErrors.ToFault(failure, preparation.Entry, DisplayName), failure);
        }
    }

    public EntryOutcome Link(Preparation preparation)
    {
        Expect(preparation, PrepareVerdict.Link);
        try
        {
            return LinkChecked(preparation);
        }
        catch (FolderException failure)
        {
            return new EntryOutcome(false, [DestinationErrors.ToFault(failure, preparation.Entry, DisplayName)]);
        }
    }

    /// <summary>On a thread of its own: the system's call waits for the disk, and the pool has as few threads as the machine has cores.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                _unflushed.Flush(Host);
            }
            catch (FolderException failure)
            {
                throw DestinationErrors.ToException(failure, DisplayName);
            }
        },
        cancellationToken,
        TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
        TaskScheduler.Current);

    public ValueTask DisposeAsync()
    {
        foreach (var file in _unfinished.Keys)
        {
            file.Abandon();
        }

        _unflushed.Dispose();
        Host.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static byte[] NewTemporaryName() =>
        Encoding.ASCII.GetBytes($".securebackup-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.partial");

    internal static IReadOnlyList<DestinationFault> ListMissing(DestinationEntry entry, IReadOnlyList<string> missing) => missing.Count == 0
        ? []
        : [new DestinationFault(FaultCodes.AttributeNotRestored, entry.Path.ToString(), $"'{entry.Path}' lacks: {string.Join(", ", missing)}.")];

    internal void Forget(FileInProgress file) => _unfinished.TryRemove(file, out _);

    private Preparation PrepareNamed(DestinationEntry entry)
    {
        var kind = entry.Metadata.Kind;
        if (!Host.CanMake(kind))
        {
            var message = $"'{entry.Path}' is of kind {kind}, which cannot be made here.";
            return Refuse(entry, new DestinationFault(FaultCodes.UnsupportedEntryKind, entry.Path.ToString(), message));
        }

        if (kind == EntryKind.File && IsInNewFolder(entry.Path))
        {
            return new Preparation(entry, PrepareVerdict.Content, []) { IsInNewFolder = true };
        }

        using var folder = OpenParent(entry.Path);
        var name = NameOf(entry.Path);
        var existing = folder.Look(name);
        if (existing is not null)
        {
            _unflushed.Meet(folder, name, existing);
        }

        if (kind == EntryKind.HardLink)
        {
            // What may not be replaced needs no first name either, which was left as well. All else is decided when that name stands.
            return Protect(entry, existing) is { Verdict: PrepareVerdict.Skipped } left ? left : new Preparation(entry, PrepareVerdict.Link, []);
        }

        var isFurtherName = existing is not null && Placement.IsMade(existing);
        if (isFurtherName && !Placement.MaySeparate(folder, name, existing!))
        {
            return Refuse(entry, Placement.Collision(entry));
        }

        if (kind == EntryKind.Directory)
        {
            return PrepareFolder(folder, name, entry, existing);
        }

        if (Protect(entry, existing) is { } verdict)
        {
            return verdict;
        }

        var preparation = new Preparation(entry, PrepareVerdict.Content, []) { Existing = existing };
        if (_options.InPlace && !isFurtherName && existing?.Kind == kind)
        {
            return StandsThere(folder, name, preparation);
        }

        return kind == EntryKind.File ? preparation : MakeSpecial(folder, preparation);
    }

    /// <summary>The verdict where what stands there stays; null where the entry may take its place.</summary>
    private Preparation? Protect(DestinationEntry entry, ExistingEntry? existing)
    {
        if (existing is null)
        {
            return null;
        }

        var verdict = OverwriteDecision.Decide(_overwrite, entry.Metadata, existing);
        if (verdict == PrepareVerdict.Kept)
        {
            Placement.Remember(existing);
            return new Preparation(entry, PrepareVerdict.Kept, []);
        }

        if (verdict == PrepareVerdict.Skipped)
        {
            var message = $"'{entry.Path}' exists and was left as it is.";
            return new Preparation(entry, verdict, [new DestinationFault(FaultCodes.EntryExists, entry.Path.ToString(), message)]);
        }

        return existing.Kind == EntryKind.Directory
            ? Refuse(entry, new DestinationFault(FaultCodes.EntryInTheWay, entry.Path.ToString(), $"A folder stands where '{entry.Path}' belongs."))
            : null;
    }

    private Preparation MakeSpecial(DestinationFolder folder, Preparation preparation)
    {
        var entry = preparation.Entry;
        var temporary = NewTemporaryName();
        folder.MakeSpecial(temporary, entry);
        var isPlaced = false;
        try
        {
            var faults = new List<DestinationFault>(ListMissing(entry, folder.ApplyMetadata(temporary, null, entry).Missing));
            if (_places is null && entry.Metadata.LinkTarget is { } target && LinkRules.PointsOutside(entry.Path, target, entry.Origin))
            {
                var message = $"'{entry.Path}' points to '{EntryName.ToDisplay(target)}', outside the destination.";
                faults.Add(new DestinationFault(FaultCodes.LinkPointsOutside, entry.Path.ToString(), message));
            }

            var collision = Placement.MoveIn(folder, temporary, NameOf(entry.Path), preparation);
            isPlaced = collision is null;
            return collision is null ? new Preparation(entry, PrepareVerdict.Done, faults) : Refuse(entry, collision);
        }
        finally
        {
            if (!isPlaced)
            {
                folder.Remove(temporary);
            }
        }
    }

    private static void Expect(Preparation preparation, PrepareVerdict verdict)
    {
        if (preparation.Verdict != verdict)
        {
            throw new ArgumentException($"The verdict is {preparation.Verdict}, not {verdict}.", nameof(preparation));
        }
    }

    private static Preparation Refuse(DestinationEntry entry, DestinationFault fault) => new(entry, PrepareVerdict.Refused, [fault]);
}
