using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// What an in-place restore of one snapshot to one place has finished, so that the next attempt does not read it again: for each file a keyed hash of its path, and one over
/// that and what the file looked like. Only who has the vault's keys can write a line that counts, nobody can read a name out of it, and a line counts only while size, times
/// and file id are what they were. A torn or foreign line matches nothing.
/// <para>Order: a line is written after the file system has everything that it speaks of on the disk. A crash before leaves files that are compared again; a crash after leaves
/// the line. What somebody changes within one tick of the file system's clock after the restore put it there is not seen; the next restore without a journal sees it.</para>
/// </summary>
internal sealed class RestoreJournal : IDisposable
{
    private const int HashBytes = 16;
    private const int LineBytes = 2 * HashBytes;

    /// <summary>About 500 MB of memory for ten million files; what comes after is compared again.</summary>
    private const int MaxLines = 10_000_000;

    private readonly DerivedKey _key;
    private readonly string _path;
    private readonly IEngineSink _sink;
    private readonly Dictionary<UInt128, UInt128> _done;
    private readonly List<byte[]> _pending = [];
    private bool _isUsable = true;

    private RestoreJournal(DerivedKey key, string path, IEngineSink sink)
    {
        _key = key;
        _path = path;
        _sink = sink;
        _done = Load();
    }

    internal int PendingCount => _pending.Count;

    internal static RestoreJournal Open(UnlockedVault vault, Snapshot snapshot, string place)
    {
        var key = DerivedKey.Derive(vault.Keys.Names, "sb1/restore-journal"u8);
        var name = key.HashOf([.. snapshot.Hash.Value.ToArray(), .. System.Text.Encoding.UTF8.GetBytes(place)]);
        return new RestoreJournal(key, Path.Combine(vault.Host.FolderOf(vault.Id), "restores", name.ToString()), vault.Sink);
    }

    internal bool Has(EntryPath path, StandingStamp? stamp)
    {
        if (_done.Count == 0 || stamp?.ChangedAt is null)
        {
            return false;
        }

        var line = LineOf(path, stamp);
        return _done.TryGetValue(BinaryPrimitives.ReadUInt128LittleEndian(line), out var seal) && seal == BinaryPrimitives.ReadUInt128LittleEndian(line.AsSpan(HashBytes));
    }

    /// <summary>Notes a file that is right; it counts after <see cref="CommitAsync"/>.</summary>
    internal void Add(EntryPath path, StandingStamp? stamp)
    {
        if (_isUsable && stamp?.ChangedAt is not null)
        {
            _pending.Add(LineOf(path, stamp));
        }
    }

    internal async Task CommitAsync(IDestination destination, CancellationToken cancellationToken)
    {
        if (_pending.Count == 0)
        {
            return;
        }

        await destination.FlushAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            await using var file = new FileStream(_path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, BufferSize = 0 });

            // What a crash tore off a line goes, or every line after it would be read across its neighbours.
            file.SetLength(file.Length / LineBytes * LineBytes);
            file.Seek(0, SeekOrigin.End);
            await file.WriteAsync(_pending.SelectMany(static line => line).ToArray(), cancellationToken);
            file.Flush(flushToDisk: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _isUsable = false;
            _sink.Report(new BackupEvent(
                EventSeverity.Warning, $"What this restore has finished cannot be noted, so an interrupted one compares it again: {failure.Message}", FaultCodes.HostStateUnusable));
        }

        _pending.Clear();
    }

    /// <summary>The restore has reached its end, whatever it had to list: the next one looks at everything again, since content may rot under a stamp that stays the same.</summary>
    internal void Forget()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _sink.Report(new BackupEvent(EventSeverity.Warning, $"The note of what a restore had finished cannot be deleted: {failure.Message}", FaultCodes.HostStateUnusable));
        }
    }

    public void Dispose() => _key.Dispose();

    private Dictionary<UInt128, UInt128> Load()
    {
        var done = new Dictionary<UInt128, UInt128>();
        try
        {
            if (!File.Exists(_path))
            {
                return done;
            }

            using var file = File.OpenRead(_path);
            var line = new byte[LineBytes];
            while (done.Count < MaxLines && file.ReadAtLeast(line, LineBytes, throwOnEndOfStream: false) == LineBytes)
            {
                done[BinaryPrimitives.ReadUInt128LittleEndian(line)] = BinaryPrimitives.ReadUInt128LittleEndian(line.AsSpan(HashBytes));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _sink.Report(new BackupEvent(EventSeverity.Warning, $"What an earlier attempt had finished cannot be read and is compared again: {failure.Message}", FaultCodes.HostStateUnusable));
        }

        return done;
    }

    private byte[] LineOf(EntryPath path, StandingStamp stamp)
    {
        var line = new byte[LineBytes];
        _key.HashOf(PageCodec.PathBytes(path)).ToArray().AsSpan(0, HashBytes).CopyTo(line);
        var seen = new byte[HashBytes + (3 * sizeof(long)) + (2 * (sizeof(long) + sizeof(uint)))];
        line.AsSpan(0, HashBytes).CopyTo(seen);
        var rest = seen.AsSpan(HashBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(rest, stamp.DeviceId);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], stamp.FileId);
        BinaryPrimitives.WriteInt64LittleEndian(rest[16..], stamp.SizeBytes);
        BinaryPrimitives.WriteInt64LittleEndian(rest[24..], stamp.ModifiedAt.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[32..], stamp.ModifiedAt.Nanoseconds);
        BinaryPrimitives.WriteInt64LittleEndian(rest[36..], stamp.ChangedAt!.Value.Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[44..], stamp.ChangedAt.Value.Nanoseconds);
        _key.HashOf(seen).ToArray().AsSpan(0, HashBytes).CopyTo(line.AsSpan(HashBytes));
        return line;
    }
}
