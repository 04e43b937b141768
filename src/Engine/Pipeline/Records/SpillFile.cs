using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Bytes that wait on this host's disk until a run needs them again: written once from front to end, then read, as often as wanted. Sealed under a key that
/// exists in this process alone, so that the disk never holds a plaintext byte; the file has no name (Unix) or goes with its handle (Windows), so
/// that nothing is left however the process ends. Whatever goes wrong with it is RecordSpillFailed, and nothing is written or read afterwards: behind half a
/// record there would be no telling where the next begins. Not thread-safe.
/// </summary>
internal sealed class SpillFile : IDisposable
{
    private readonly RootKey _key = RootKey.Create();
    private readonly ObjectHeader _header = new(ObjectKind.HostCache, 0, default, ObjectId.Random());
    private readonly FileStream _file;
    private SealedStreamWriter? _writer;
    private SealedStreamReader? _reader;
    private RequestException? _failure;

    /// <exception cref="RequestException">RecordSpillFailed.</exception>
    internal SpillFile(string folder)
    {
        _file = Guard(() => Open(folder));
        try
        {
            _writer = Guard(() => new SealedStreamWriter(_file, KeyOf(), leavesOpen: true));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <exception cref="RequestException">RecordSpillFailed.</exception>
    internal void Write(ReadOnlySpan<byte> bytes)
    {
        RequireSound();
        try
        {
            _writer!.Write(bytes);
        }
        catch (IOException failure)
        {
            throw _failure = Failed(failure);
        }
    }

    /// <summary>Ends the writing; what waits to be read holds no buffer.</summary>
    internal void Finish() => Guard(() =>
    {
        _writer?.Finish();
        _writer?.Dispose();
        return _writer = null;
    });

    /// <summary>Reading starts from the front; nothing can be written any more.</summary>
    internal void Rewind() => Guard(() =>
    {
        Finish();
        _reader?.Dispose();
        _file.Position = ObjectHeader.SizeBytes;
        _reader = SealedStreamReader.TryOpen(_file, KeyOf(), leavesOpen: true);
        return _reader ?? throw new IOException("Its beginning was changed.");
    });

    /// <summary>Fills the destination; false where everything was read.</summary>
    /// <exception cref="RequestException">RecordSpillFailed: also where somebody changed the file, or cut it.</exception>
    internal bool TryRead(Span<byte> destination)
    {
        RequireSound();
        try
        {
            return _reader!.TryRead(destination);
        }
        catch (IntegrityException damage)
        {
            throw _failure = Failed(damage);
        }
    }

    /// <summary>Fills the destination, of which all must be there.</summary>
    /// <exception cref="RequestException">RecordSpillFailed.</exception>
    internal void Read(Span<byte> destination)
    {
        if (!destination.IsEmpty && !TryRead(destination))
        {
            throw _failure = Failed(new EndOfStreamException("It ends within a record."));
        }
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _reader?.Dispose();
        _file.Dispose();
        _key.Dispose();
    }

    private static FileStream Open(string folder)
    {
        var path = Path.Combine(folder, $"securebackup-{Guid.NewGuid():N}.spill");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite, Options = FileOptions.DeleteOnClose, BufferSize = 0,
        };
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, options);
        }

        options.Options = FileOptions.None;
        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var file = new FileStream(path, options);
        File.Delete(path);
        return file;
    }

    private T Guard<T>(Func<T> work)
    {
        RequireSound();
        try
        {
            return work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw _failure = Failed(failure);
        }
    }

    private void RequireSound()
    {
        if (_failure is { } failure)
        {
            throw failure;
        }
    }

    private static RequestException Failed(Exception failure) =>
        new(FaultCodes.RecordSpillFailed, $"The temporary folder does not take the sealed records, or give them back: {failure.Message}", failure);

    private ObjectKey KeyOf() => new(_key.Bytes, _header, SealPurpose.Cache);
}
