using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>
/// A folder: on a disk, a removable drive or a mounted share. An object is a file below the root, its name the path; files and
/// links that others put there are never taken for objects. Every put and delete is flushed to the device before it returns.
/// On a network share durability and atomic names are as good as the server's own; one that cannot create a name exclusively
/// answers <c>Unsupported</c> at the first put.
/// </summary>
public sealed class LocalTarget : Target
{
    private const long LargestObjectBytes = 64L << 30;

    private readonly LocalTree _tree;
    private readonly LocalReads _reads = new(new PageCost());

    private LocalTarget(string root, TimeProvider clock)
    {
        _tree = new LocalTree(root, clock);
    }

    public override string DisplayName => _tree.Root;

    public override TargetCapabilities Capabilities { get; } = new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = false,
        IsNear = true,
        MaxObjectBytes = LargestObjectBytes,
    };

    /// <param name="clock">Judges the age of what crashed runs left.</param>
    /// <exception cref="TargetException"><c>NotFound</c>: there is no such folder.</exception>
    public static LocalTarget Open(string path, TimeProvider? clock = null)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Directory.Exists(root)
            ? new LocalTarget(root, clock ?? TimeProvider.System)
            : throw new TargetException(TargetFault.NotFound, $"There is no folder '{root}'.") { Remedy = "Check the path, and that its disk or share is mounted." };
    }

    /// <summary>Makes the folder where it is missing; an existing one is taken as it is.</summary>
    public static LocalTarget Create(string path, TimeProvider? clock = null)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        try
        {
            var missing = new Stack<string>();
            for (var directory = root; directory is not null && !Directory.Exists(directory); directory = Path.GetDirectoryName(directory))
            {
                missing.Push(directory);
            }

            Directory.CreateDirectory(root);
            foreach (var directory in missing)
            {
                DirectorySync.Flush(Path.GetDirectoryName(directory)!);
            }
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            throw LocalFaults.From(exception, $"The folder '{root}' cannot be made");
        }

        return Open(root, clock);
    }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var given = new PutContent(name, content, options);
        given.ThrowIfLockNotKept(Capabilities);
        given.ThrowIfLongerThan(LargestObjectBytes);
        Meter.Count(RequestKind.Put);
        try
        {
            _tree.Prepare(name);
            var mode = options.IfAbsent ? DurableWriteOptions.IfAbsent : DurableWriteOptions.Replace;
            if (!await DurableFile.WriteAsync(_tree.PathOf(name), (file, token) => LocalWrite.RunAsync(given, (FileStream)file, options.PastCache, token), mode, cancellationToken))
            {
                throw new TargetException(TargetFault.AlreadyExists, $"'{name}' exists in '{_tree.Root}'.");
            }

            Meter.AddSent(given.LengthBytes);
            var file = new FileInfo(_tree.PathOf(name));
            return file.Exists
                ? new PutReceipt(file.Length, new DateTimeOffset(file.LastWriteTimeUtc))
                : throw new TargetException(TargetFault.Unavailable, $"'{name}' was written and is not there any more in '{_tree.Root}'.");
        }
        catch (Exception exception) when (!given.IsReading && LocalFaults.IsFileError(exception))
        {
            // What is missing to a put is a directory that was taken away meanwhile; the next try makes it again.
            var fault = LocalFaults.Classify(exception) is not TargetFault.NotFound and var known ? known : TargetFault.Unavailable;
            throw new TargetException(fault, $"'{name}' cannot be written in '{_tree.Root}': {exception.Message}", exception);
        }
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        Meter.Count(RequestKind.Get);
        try
        {
            using var file = TryOpen(name) ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in '{_tree.Root}'.");
            if (await FillAsync(file, offset, destination, cancellationToken) < destination.Length || offset > RandomAccess.GetLength(file))
            {
                throw new TargetException(TargetFault.OutOfRange, $"'{name}' in '{_tree.Root}' ends before byte {offset + destination.Length}.");
            }
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            throw LocalFaults.From(exception, $"'{name}' cannot be read in '{_tree.Root}'");
        }
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Meter.Count(RequestKind.Get);
        try
        {
            using var file = TryOpen(name);
            if (file is null)
            {
                return null;
            }

            var stat = new ObjectStat(name, RandomAccess.GetLength(file), new DateTimeOffset(File.GetLastWriteTimeUtc(file)));
            if (stat.LengthBytes > maxBytes)
            {
                return new WholeObject(stat, null);
            }

            var bytes = new byte[stat.LengthBytes];
            return await FillAsync(file, 0, bytes, cancellationToken) == bytes.Length
                ? new WholeObject(stat, bytes)
                : throw new TargetException(TargetFault.Unavailable, $"'{name}' in '{_tree.Root}' became shorter while it was read.");
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception) && LocalFaults.Classify(exception) == TargetFault.NotFound)
        {
            _tree.ThrowIfRootIsGone();
            return null;
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            throw LocalFaults.From(exception, $"'{name}' cannot be read in '{_tree.Root}'");
        }
    }

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Meter.Count(RequestKind.Stat);
        try
        {
            if (_tree.Find(name) is { } file)
            {
                return Task.FromResult<ObjectStat?>(LocalTree.Describe(name, file));
            }

            _tree.ThrowIfRootIsGone();
            return Task.FromResult<ObjectStat?>(null);
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            throw LocalFaults.From(exception, $"'{name}' cannot be looked up in '{_tree.Root}'");
        }
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        cancellationToken.ThrowIfCancellationRequested();
        Meter.Count(RequestKind.List);
        using var objects = Guard(prefix, () => _tree.Enumerate(prefix).GetEnumerator());
        while (Guard(prefix, objects.MoveNext))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return objects.Current;
        }
    }

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Meter.Count(RequestKind.Delete);
        try
        {
            _tree.ThrowIfRootIsGone();
            _tree.ThrowIfBehindLink(name);
            var path = _tree.PathOf(name);
            if (new FileInfo(path).Exists)
            {
                // The directory stays: another put may be about to use it.
                File.Delete(path);
                DirectorySync.Flush(Path.GetDirectoryName(path)!);
            }

            return Task.CompletedTask;
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            throw LocalFaults.From(exception, $"'{name}' cannot be deleted in '{_tree.Root}'");
        }
    }

    /// <summary>Null where the file system does not say, as for some shares.</summary>
    public override Task<long?> GetRoomAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult<long?>(new DriveInfo(_tree.Root).AvailableFreeSpace);
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return Task.FromResult<long?>(null);
        }
    }

    private SafeFileHandle? TryOpen(ObjectName name)
    {
        if (_tree.Find(name) is { } file)
        {
            return StoredFile.OpenRead(file.FullName);
        }

        _tree.ThrowIfRootIsGone();
        return null;
    }

    /// <returns>How many bytes there were.</returns>
    private async ValueTask<int> FillAsync(SafeFileHandle file, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var filled = await _reads.FillAsync(file, offset, destination, cancellationToken);
        Meter.AddReceived(filled);
        return filled;
    }

    private T Guard<T>(string prefix, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            throw LocalFaults.From(exception, $"'{prefix}' cannot be listed in '{_tree.Root}'");
        }
    }
}
