using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>A file under its temporary name, until it is complete or abandoned.</summary>
internal sealed class FileInProgress : IDestinationFile
{
    private readonly FileSystemDestination _destination;
    private readonly Preparation _preparation;
    private readonly byte[] _temporary = FileSystemDestination.NewTemporaryName();
    private readonly PooledFile _pooled;
    private readonly Lock _turn = new();
    private ExistingEntry? _made;
    private long _writtenBytes;
    private int _isFinished;

    private FileInProgress(FileSystemDestination destination, Preparation preparation)
    {
        _destination = destination;
        _preparation = preparation;
        _pooled = new PooledFile(OpenHandle);
    }

    private DestinationEntry Entry => _preparation.Entry;

    /// <summary>Makes the temporary at once: what cannot be made is known before its content is fetched.</summary>
    public static FileInProgress Start(FileSystemDestination destination, Preparation preparation)
    {
        if (preparation.Entry.Metadata.SizeBytes < 0)
        {
            throw new FolderException(FolderError.Refused, "its size is negative");
        }

        var file = new FileInProgress(destination, preparation);
        destination.Handles.Acquire(file._pooled);
        destination.Handles.Release(file._pooled);
        return file;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_isFinished != 0, this);
        if (offset < 0 || offset > Entry.Metadata.SizeBytes - bytes.Length)
        {
            throw new DestinationFaultException(Incomplete($"bytes at {offset} lie beyond its {Entry.Metadata.SizeBytes}"));
        }

        try
        {
            var handle = _destination.Handles.Acquire(_pooled);
            try
            {
                lock (_turn)
                {
                    // Linux lets one at a time write into a file, and others wait for that on their core. Here they wait asleep, and other workers have it.
                    FileContent.WriteAroundHoles(_destination.Host, handle, Entry.Metadata.Holes, offset, bytes);
                }

                // A system with much memory would keep all of it until the flush at the end, and that wait for the disk alone: 0.4 s for 1.5 GB here, with a fast disk.
                _destination.Host.BeginSync(handle, offset, bytes.Length, isEnd: offset + bytes.Length == Entry.Metadata.SizeBytes);
            }
            finally
            {
                _destination.Handles.Release(_pooled);
            }
        }
        catch (FolderException failure)
        {
            throw new DestinationFaultException(DestinationErrors.ToFault(failure, Entry, _destination.DisplayName), failure);
        }

        Interlocked.Add(ref _writtenBytes, bytes.Length);
    }

    public void WriteStream(AlternateStream stream, long offset, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_isFinished != 0, this);
        if (!Entry.Metadata.AlternateStreams.Contains(stream) || offset < 0 || offset > stream.SizeBytes - bytes.Length)
        {
            throw new DestinationFaultException(Incomplete("a stream has more bytes than were listed"));
        }

        try
        {
            using var folder = _destination.OpenParent(Entry.Path);
            folder.TryWriteStream(_temporary, stream, offset, bytes);
        }
        catch (FolderException failure)
        {
            throw new DestinationFaultException(DestinationErrors.ToFault(failure, Entry, _destination.DisplayName), failure);
        }
    }

    public void ReadBack(long offset, Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_isFinished != 0, this);
        try
        {
            var handle = _destination.Handles.Acquire(_pooled);
            try
            {
                FileContent.Read(_destination.Host, handle, offset, bytes);
            }
            finally
            {
                _destination.Handles.Release(_pooled);
            }
        }
        catch (FolderException failure)
        {
            throw new DestinationFaultException(DestinationErrors.ToFault(failure, Entry, _destination.DisplayName), failure);
        }
    }

    public bool TryReadBackStream(AlternateStream stream, long offset, Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_isFinished != 0, this);
        try
        {
            using var folder = _destination.OpenParent(Entry.Path);
            return folder.TryReadStream(_temporary, stream, offset, bytes);
        }
        catch (FolderException failure)
        {
            throw new DestinationFaultException(DestinationErrors.ToFault(failure, Entry, _destination.DisplayName), failure);
        }
    }

    public void DropBehind(long offset, long lengthBytes)
    {
        ObjectDisposedException.ThrowIf(_isFinished != 0, this);
        try
        {
            var handle = _destination.Handles.Acquire(_pooled);
            try
            {
                _destination.Host.DropBehind(handle, offset, lengthBytes);
            }
            finally
            {
                _destination.Handles.Release(_pooled);
            }
        }
        catch (FolderException)
        {
            // It was closed meanwhile and cannot be opened again. Whoever needs it next says so; this is a hint.
        }
    }

    public EntryOutcome Complete()
    {
        ObjectDisposedException.ThrowIf(_isFinished != 0, this);
        var isPlaced = false;
        try
        {
            var written = Interlocked.Read(ref _writtenBytes);
            if (written != Entry.Metadata.SizeBytes)
            {
                return new EntryOutcome(false, [Incomplete($"{written} of its {Entry.Metadata.SizeBytes} bytes came")]);
            }

            var outcome = Place();
            isPlaced = outcome.IsRestored;
            return outcome;
        }
        catch (FolderException failure)
        {
            return new EntryOutcome(false, [DestinationErrors.ToFault(failure, Entry, _destination.DisplayName)]);
        }
        finally
        {
            Finish(isPlaced);
        }
    }

    public void Abandon() => Finish(isPlaced: false);

    public void Dispose() => Abandon();

    private EntryOutcome Place()
    {
        using var folder = _destination.OpenParent(Entry.Path);
        var handle = _destination.Handles.Acquire(_pooled);
        IReadOnlyList<string> missing;
        try
        {
            missing = folder.ApplyMetadata(_temporary, handle, Entry).Missing;
            if (Entry.Metadata.SizeBytes >= FileSystemDestination.MinBeginSyncBytes)
            {
                _destination.Host.DropBehind(handle, 0, Entry.Metadata.SizeBytes);
            }
        }
        finally
        {
            _destination.Handles.Release(_pooled);
        }

        // Closed before it moves: Windows moves no open file.
        _destination.Handles.Close(_pooled);
        var collision = _destination.Placement.MoveIn(folder, _temporary, _destination.NameOf(Entry.Path), _preparation, _made);
        return collision is null
            ? new EntryOutcome(true, FileSystemDestination.ListMissing(Entry, missing))
            {
                Stamp = _made is null ? null : FileSystemDestination.StampOf(folder, _destination.NameOf(Entry.Path), _made, Entry),
            }
            : new EntryOutcome(false, [collision]);
    }

    private SafeFileHandle OpenHandle()
    {
        using var folder = _destination.OpenParent(Entry.Path);
        if (_made is null)
        {
            var isSparse = Entry.Metadata.Holes.Count > 0;
            var handle = folder.MakeFile(_temporary, Entry.Metadata.SizeBytes, isSparse);
            _made = folder.Look(_temporary);
            return handle;
        }

        // The name may have been exchanged while the file was closed.
        return folder.Look(_temporary)?.IsSameFileAs(_made) == true
            ? folder.ReopenFile(_temporary)
            : throw new FolderException(FolderError.NotFound, "the temporary file was removed or exchanged");
    }

    private void Finish(bool isPlaced)
    {
        if (Interlocked.Exchange(ref _isFinished, 1) != 0)
        {
            return;
        }

        _destination.Handles.Close(_pooled);
        if (!isPlaced)
        {
            _destination.Host.EndDropBehind();
            DestinationErrors.TryRemove(_destination, Entry.Path, _temporary);
        }

        _destination.Forget(this);
    }

    private DestinationFault Incomplete(string reason) =>
        new(FaultCodes.ContentIncomplete, Entry.Path.ToString(), $"'{Entry.Path}': {reason}.");
}
