using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// Objects of one target on this host's disk, in a folder that may be deleted at any time. A file holds the SHA-256 of an object and then its bytes; its name says which
/// content of which object it is, so that what the target exchanges is fetched anew. The hash is against this disk's errors: whose word an object is, its signature says.
/// </summary>
/// <param name="folder">Made when something is stored.</param>
public sealed class HostObjectCache(string folder, IEngineSink sink) : IDisposable
{
    internal const int HashBytes = 32;
    private const int PieceBytes = 1024 * 1024;

    /// <summary>What of a listed folder is still there, as file names.</summary>
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> _listed = new(StringComparer.Ordinal);

    /// <summary>Files whose hash this process has checked.</summary>
    private readonly ConcurrentDictionary<string, bool> _checked = new(StringComparer.Ordinal);
    private int _isBroken;

    /// <summary>The folder of all targets' caches on this host, which the limit is for; this one's alone where not given.</summary>
    internal string? HostFolder { get; init; }

    /// <summary>Over all folders; the oldest go.</summary>
    internal long MaxBytes { get; init; } = 4L << 30;

    internal bool TryRead(ObjectStat stat, long offset, Span<byte> destination)
    {
        try
        {
            var path = PathOf(stat);
            if (_isBroken != 0 || !File.Exists(path))
            {
                return false;
            }

            using var file = StoredFile.OpenRead(path);
            if (!_checked.ContainsKey(path) && !IsSound(file, stat))
            {
                Drop(path);
                return false;
            }

            _checked[path] = true;
            return ReadAll(file, HashBytes + offset, destination);
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            return false;
        }
    }

    internal void Store(ObjectStat stat, ReadOnlySpan<byte> bytes)
    {
        using var file = BeginStore(stat);
        file?.Write(bytes);
    }

    /// <summary>For what comes in pieces: the file gets its name when all bytes are there and the stream is disposed. Null where this disk takes nothing.</summary>
    internal Stream? BeginStore(ObjectStat stat)
    {
        if (_isBroken != 0)
        {
            return null;
        }

        try
        {
            var path = PathOf(stat);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new HostCacheFile(this, stat, path);
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            Break(exception);
            return null;
        }
    }

    /// <summary>What a whole listing of a folder did not show is deleted when the cache is closed.</summary>
    internal void EndListing(string prefix, IEnumerable<ObjectStat> found) =>
        _listed[prefix] = new ConcurrentDictionary<string, bool>(found.Select(static stat => KeyValuePair.Create(KeyOf(stat), true)), StringComparer.Ordinal);

    internal void Drop(ObjectStat stat) => Drop(PathOf(stat));

    public void Dispose()
    {
        try
        {
            if (_isBroken == 0 && Directory.Exists(folder))
            {
                Sweep();
            }
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            // Another process sweeps as well, or the folder is gone.
        }
    }

    private static string KeyOf(ObjectStat stat)
    {
        var content = string.Create(CultureInfo.InvariantCulture, $"{stat.Name}|{stat.LengthBytes}|{stat.Tag ?? stat.StoreTime.UtcTicks.ToString(CultureInfo.InvariantCulture)}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)).AsSpan(0, 16));
    }

    private static string FolderOf(ObjectName name) => name.Value[..name.Value.IndexOf('/', StringComparison.Ordinal)];

    private static bool IsSound(SafeFileHandle file, ObjectStat stat)
    {
        if (RandomAccess.GetLength(file) != HashBytes + stat.LengthBytes)
        {
            return false;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var piece = OwnedBuffer.Rent((int)Math.Clamp(stat.LengthBytes, HashBytes, PieceBytes));
        Span<byte> expected = stackalloc byte[HashBytes];
        if (!ReadAll(file, 0, expected))
        {
            return false;
        }

        for (var offset = 0L; offset < stat.LengthBytes; offset += piece.LengthBytes)
        {
            var part = piece.Span[..(int)Math.Min(piece.LengthBytes, stat.LengthBytes - offset)];
            if (!ReadAll(file, HashBytes + offset, part))
            {
                return false;
            }

            hash.AppendData(part);
        }

        return hash.GetHashAndReset().AsSpan().SequenceEqual(expected);
    }

    private static bool ReadAll(SafeFileHandle file, long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(file, destination, offset);
            if (count == 0)
            {
                return false;
            }

            offset += count;
            destination = destination[count..];
        }

        return true;
    }

    private string PathOf(ObjectStat stat) => Path.Join(folder, FolderOf(stat.Name), KeyOf(stat));

    internal void Took(ObjectStat stat, string path)
    {
        _checked[path] = true;
        if (_listed.TryGetValue(FolderOf(stat.Name) + "/", out var there))
        {
            there[KeyOf(stat)] = true;
        }
    }

    private void Drop(string path)
    {
        _checked.TryRemove(path, out _);
        try
        {
            if (File.Exists(path))
            {
                File.Delete(path);
            }
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            Break(exception);
        }
    }

    internal void Break(Exception exception)
    {
        if (Interlocked.Exchange(ref _isBroken, 1) == 0)
        {
            sink.Report(new BackupEvent(
                EventSeverity.Warning, $"What was read from the target cannot be kept on this host, so it is fetched again each time: {exception.Message}", FaultCodes.HostStateUnusable));
        }
    }

    private void Sweep()
    {
        foreach (var (prefix, there) in _listed)
        {
            var directory = new DirectoryInfo(Path.Join(folder, prefix));
            if (!directory.Exists)
            {
                continue;
            }

            DurableFile.SweepTemporaries(directory.FullName, TimeProvider.System.GetUtcNow());
            foreach (var file in directory.EnumerateFiles())
            {
                if (!there.ContainsKey(file.Name) && !DurableFile.IsTemporaryName(file.Name))
                {
                    file.Delete();
                }
            }
        }

        var left = 0L;
        foreach (var file in new DirectoryInfo(HostFolder ?? folder).EnumerateFiles("*", SearchOption.AllDirectories).OrderByDescending(static file => file.LastWriteTimeUtc))
        {
            left += file.Length;
            if (left > MaxBytes)
            {
                file.Delete();
            }
        }
    }
}
