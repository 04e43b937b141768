using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// The host's copy of the last listing of a data set, since a writer cannot open the vault's. Disposable: without it the next run reads
/// every file once more. Two sealed files under a key that only this member has: entries in path order, and beside them the ids of all
/// chunks of their contents. Each has an object id, so a key, of its own; the entries begin with the id of their partner.
/// </summary>
/// <param name="Directory">The vault's folder in the host's cache.</param>
internal sealed record ListingCache(string Directory, VaultId Vault, DataSetId DataSet, SigningKey Member)
{
    private const string EntriesSuffix = ".entries";
    private const string IdsSuffix = ".ids";

    internal string EntriesPath => Path.Combine(Directory, DataSet + EntriesSuffix);

    internal string IdsPath => Path.Combine(Directory, DataSet + IdsSuffix);

    internal ObjectHeader NewHeader() => new(ObjectKind.HostCache, 0, Vault, ObjectId.Random());

    internal DerivedKey Root() => DerivedKey.Derive(Member, "sb1/listing3"u8);

    /// <summary>Null where there is none, or none that this member wrote whole.</summary>
    internal ListingCacheReader? TryOpen()
    {
        try
        {
            var entries = TryOpenFile(EntriesPath, null);
            Span<byte> preface = stackalloc byte[Id256.SizeBytes + 12];
            if (entries is null || !entries.TryRead(preface))
            {
                entries?.Dispose();
                return null;
            }

            var ids = TryOpenFile(IdsPath, new ObjectId(Id256.Read(preface[..Id256.SizeBytes])));
            if (ids is null)
            {
                entries.Dispose();
                return null;
            }

            var startedAt = new Timestamp(
                BinaryPrimitives.ReadInt64LittleEndian(preface[Id256.SizeBytes..]),
                BinaryPrimitives.ReadUInt32LittleEndian(preface[(Id256.SizeBytes + 8)..]));
            return new ListingCacheReader(entries, ids, startedAt);
        }
        catch (Exception error) when (error is BackupException or IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be read is as good as none: the run reads every file.
            return null;
        }
    }

    private SealedStreamReader? TryOpenFile(string path, ObjectId? id)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 128 * 1024, FileOptions.SequentialScan);
        try
        {
            Span<byte> start = stackalloc byte[ObjectHeader.SizeBytes];
            _ = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            var header = ObjectHeader.Read(start);
            header.Expect(ObjectKind.HostCache, Vault, id);
            using var root = Root();
            return SealedStreamReader.TryOpen(file, new ObjectKey(root.Bytes, header, SealPurpose.Cache));
        }
        catch (BackupException)
        {
            file.Dispose();
            throw;
        }
    }
}

/// <summary>Reads a listing cache in order.</summary>
internal sealed class ListingCacheReader(SealedStreamReader entries, SealedStreamReader ids, Timestamp startedAt) : IDisposable
{
    private long _unreadIds;

    /// <summary>When the run began that took this listing: no entry was looked at earlier.</summary>
    internal Timestamp StartedAt { get; } = startedAt;

    /// <summary>The next entry, or null at the end.</summary>
    internal CachedEntry? Next()
    {
        ids.Skip(_unreadIds * Id256.SizeBytes);
        _unreadIds = 0;
        Span<byte> head = stackalloc byte[CachedEntryCodec.HeadBytes];
        if (!entries.TryRead(head))
        {
            return null;
        }

        var rest = new byte[CachedEntryCodec.RestBytes(head)];
        entries.TryRead(rest);
        var entry = CachedEntryCodec.Read(head, rest);
        _unreadIds = entry.DeepIds;
        return entry;
    }

    /// <summary>The next of the current entry's deep ids.</summary>
    internal ChunkId NextId()
    {
        Span<byte> id = stackalloc byte[Id256.SizeBytes];
        if (!ids.TryRead(id))
        {
            throw new IntegrityException(FaultCodes.ListingMalformed, "The host's listing cache has fewer ids than its entries.");
        }

        _unreadIds--;
        return new ChunkId(Id256.Read(id));
    }

    public void Dispose()
    {
        entries.Dispose();
        ids.Dispose();
    }
}

/// <summary>
/// Writes the cache for the next run beside the old one, and puts it in place when the snapshot exists. A disk that refuses ends the
/// writing, never the backup; <see cref="Failure"/> then says why.
/// </summary>
internal sealed class ListingCacheWriter : IDisposable
{
    private const string TemporarySuffix = ".tmp";

    private readonly ListingCache _cache;

    /// <summary>Files that this writer made and that have not got their names: another run's are not its to take away.</summary>
    private readonly HashSet<string> _temporaries = [];

    private SealedStreamWriter? _entries;
    private SealedStreamWriter? _ids;
    private long _idsSinceEntry;

    internal ListingCacheWriter(ListingCache cache, Timestamp startedAt)
    {
        _cache = cache;
        Guard(() =>
        {
            System.IO.Directory.CreateDirectory(cache.Directory);
            using var root = cache.Root();
            var partner = cache.NewHeader();
            _ids = new SealedStreamWriter(Create(cache.IdsPath), new ObjectKey(root.Bytes, partner, SealPurpose.Cache));
            _entries = new SealedStreamWriter(Create(cache.EntriesPath), new ObjectKey(root.Bytes, cache.NewHeader(), SealPurpose.Cache));
            Span<byte> preface = stackalloc byte[Id256.SizeBytes + 12];
            partner.Object.Value.CopyTo(preface);
            BinaryPrimitives.WriteInt64LittleEndian(preface[Id256.SizeBytes..], startedAt.Seconds);
            BinaryPrimitives.WriteUInt32LittleEndian(preface[(Id256.SizeBytes + 8)..], startedAt.Nanoseconds);
            _entries.Write(preface);
        });
    }

    /// <summary>Why there will be no cache; null while all is well.</summary>
    internal Exception? Failure { get; private set; }

    internal void AddId(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[Id256.SizeBytes];
        id.Value.CopyTo(bytes);
        Write(_ids, bytes);
        _idsSinceEntry++;
    }

    /// <summary>
    /// Gives the entry all ids that came since the one before. What was read of a file that was then given up cannot be taken back and goes with the next entry, which needs a few
    /// packs too many for it; were they not counted, each later entry would be given those of another, and a snapshot would not hold on to its packs.
    /// </summary>
    /// <param name="identity">As seen now.</param>
    internal void Add(CachedEntry entry, EntryIdentity identity)
    {
        Span<byte> head = stackalloc byte[CachedEntryCodec.HeadBytes];
        CachedEntryCodec.WriteHead(entry, identity, _idsSinceEntry, head);
        Write(_entries, head);
        Write(_entries, entry.Rest.Span);
        _idsSinceEntry = 0;
    }

    /// <summary>A crash between the two renames leaves a pair that does not match: no cache, one slower run.</summary>
    internal void Commit()
    {
        Guard(() =>
        {
            _entries!.Finish();
            _ids!.Finish();
            Close();
            Publish(_cache.EntriesPath);
            Publish(_cache.IdsPath);
        });
    }

    public void Dispose()
    {
        Close();
        foreach (var temporary in _temporaries)
        {
            Attempt(() => File.Delete(temporary));
        }
    }

    /// <summary>As <see cref="Guard"/>, for what is written a hundred thousand times.</summary>
    private void Write(SealedStreamWriter? file, ReadOnlySpan<byte> bytes)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            file!.Write(bytes);
        }
        catch (Exception error) when (IsRefusal(error))
        {
            Failure = error;
        }
    }

    private void Publish(string path)
    {
        File.Move(path + TemporarySuffix, path, overwrite: true);
        _temporaries.Remove(path + TemporarySuffix);
    }

    private FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 128 * 1024 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(path + TemporarySuffix, options);
        _temporaries.Add(path + TemporarySuffix);
        return file;
    }

    private void Close()
    {
        Attempt(() => _entries?.Dispose());
        Attempt(() => _ids?.Dispose());
        _entries = null;
        _ids = null;
    }

    private void Guard(Action work)
    {
        if (Failure is null)
        {
            Attempt(work);
        }
    }

    /// <summary>Also after a failure: files are closed and taken away all the same.</summary>
    private void Attempt(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (IsRefusal(error))
        {
            Failure ??= error;
        }
    }

    private static bool IsRefusal(Exception error) => error is IOException or UnauthorizedAccessException;
}
