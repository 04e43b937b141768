using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Keys that this host made for the subjects of one data set, sealed under a key that only this member has. Disposable: without it each subject gets a further
/// key, and her records are stored once more.
/// </summary>
/// <param name="Directory">The vault's folder in the host's cache.</param>
internal sealed record SubjectKeyCache(string Directory, VaultId Vault, DataSetId DataSet, SigningKey Member)
{
    private const string Suffix = ".subjects";
    private const int MaxAdditions = 200_000;

    internal string FilePath => Path.Combine(Directory, DataSet + Suffix);

    internal static SubjectKeyCache Of(UnlockedVault vault, DataSetId dataSet) => new(vault.Host.FolderOf(vault.Id), vault.Id, dataSet, vault.SelfKey);

    /// <summary>Drops keys that seal nothing more from all caches of this member on this host.</summary>
    internal static async Task PurgeAsync(UnlockedVault vault, ErasureLedger ledger, CancellationToken cancellationToken)
    {
        var folder = vault.Host.FolderOf(vault.Id);
        foreach (var path in System.IO.Directory.Exists(folder) ? System.IO.Directory.GetFiles(folder, "*" + Suffix) : [])
        {
            if (Id256.TryParse(Path.GetFileNameWithoutExtension(path), out var dataSet))
            {
                await Of(vault, new DataSetId(dataSet)).DropClosedAsync(ledger, cancellationToken);
            }
        }
    }

    /// <summary>Null where there is none, or none that this member wrote whole.</summary>
    internal CachedSubjectKeys? TryOpen()
    {
        try
        {
            if (!File.Exists(FilePath))
            {
                return null;
            }

            var file = new FileStream(FilePath, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            var header = ReadHeader(file);
            using var root = Root();
            return SubjectKeyFile.TryOpen(file, new ObjectKey(root.Bytes, header, SealPurpose.Cache)) is { } keys ? new CachedSubjectKeys(keys, ReadPreface(keys.Preface)) : null;
        }
        catch (Exception error) when (error is BackupException or IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be read is as good as none.
            return null;
        }
    }

    /// <summary>Replaces the cache in one durable step.</summary>
    /// <returns>False where this host's disk refuses: then there is none.</returns>
    internal async Task<bool> TryWriteAsync(SubjectKeyMerge merge, Func<ReadOnlyMemory<byte>, bool> isWanted, CachePreface preface, CancellationToken cancellationToken)
    {
        var header = new ObjectHeader(ObjectKind.HostCache, 0, Vault, ObjectId.Random());
        try
        {
            System.IO.Directory.CreateDirectory(Directory);
            await DurableFile.WriteAsync(FilePath, (file, _) =>
            {
                Write(file, header, merge, isWanted, preface);
                return Task.CompletedTask;
            }, DurableWriteOptions.Private, cancellationToken);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete();
            return false;
        }
    }

    internal void TryDelete()
    {
        try
        {
            File.Delete(FilePath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is left is sealed, and what is dead in it is refused by every reader.
        }
    }

    /// <summary>Rewrites the cache if it holds a key that seals nothing more.</summary>
    internal async Task DropClosedAsync(ErasureLedger ledger, CancellationToken cancellationToken)
    {
        using var cached = TryOpen();
        if (cached is null || !ledger.Entries.Where(entry => cached.Preface.Ledger is not { } done || entry.Number > done.Number).SelectMany(static entry => entry.Record.Subjects).Any(subject => cached.HoldsClosed(subject, DataSet, ledger)))
        {
            return;
        }

        using var merge = new SubjectKeyMerge([], [cached.Keys]);
        await TryWriteAsync(merge, record => !IsClosed(record.Span, ledger), cached.Preface with { Ledger = ledger.Named ?? cached.Preface.Ledger }, cancellationToken);
    }

    internal bool IsClosed(ReadOnlySpan<byte> record, ErasureLedger ledger) =>
        ledger.IsClosed(SubjectRecord.PseudonymOf(record), DataSet, SubjectRecord.GenerationOf(record));

    private DerivedKey Root() => DerivedKey.Derive(Member, "sb1/cache"u8);

    private void Write(Stream file, ObjectHeader header, SubjectKeyMerge merge, Func<ReadOnlyMemory<byte>, bool> isWanted, CachePreface preface)
    {
        using var root = Root();
        using var writer = new SubjectKeyFileWriter(file, new ObjectKey(root.Bytes, header, SealPurpose.Cache));
        using var record = OwnedBuffer.Rent(SubjectRecord.SizeBytes);
        while (merge.TryNext(out var next))
        {
            next.CopyTo(record.Span);
            if (isWanted(record.Memory))
            {
                writer.Add(record.Span);
            }
        }

        writer.Finish(Encode(preface));
    }

    private ObjectHeader ReadHeader(FileStream file)
    {
        try
        {
            Span<byte> start = stackalloc byte[ObjectHeader.SizeBytes];
            _ = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            var header = ObjectHeader.Read(start);
            header.Expect(ObjectKind.HostCache, Vault);
            return header;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static byte[] Encode(CachePreface preface)
    {
        var writer = new CborMapWriter().BeginMap();
        if (preface.Ledger is { } ledger)
        {
            writer.Key(0).UInt(ledger.Number).Key(1).Id(ledger.Hash.Value);
        }

        return writer.Key(2).Array(preface.Additions, static (writer, id) => writer.Id(id.Value)).EndMap().Encode();
    }

    private static CachePreface ReadPreface(ReadOnlyMemory<byte> bytes)
    {
        ulong? number = null;
        ContentHash? hash = null;
        ObjectId[]? additions = null;
        var reader = CborMapReader.OfMap(bytes, "host's file of subject keys");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: number = reader.ReadUInt64(); break;
                case 1: hash = new ContentHash(reader.ReadId()); break;
                case 2: additions = reader.ReadArray(MaxAdditions, static item => new ObjectId(item.ReadId())); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new CachePreface(number is { } known ? new LedgerHead(known, reader.Required(hash, "the hash")) : null, reader.Required(additions, "the additions"));
    }
}

/// <param name="Ledger">Dead keys up to this entry, which the register names, are gone from the cache. What lies behind it may come into force later, or never.</param>
/// <param name="Additions">Where the keys stand in the vault: one that is lost there must be used no more.</param>
internal sealed record CachePreface(LedgerHead? Ledger, IReadOnlyList<ObjectId> Additions);

/// <summary>A cache that is open.</summary>
internal sealed class CachedSubjectKeys(SubjectKeyFile keys, CachePreface preface) : IDisposable
{
    internal SubjectKeyFile Keys { get; } = keys;

    internal CachePreface Preface { get; private set; } = preface;

    /// <summary>These additions are folded in and gone: the root that stands, and each that follows it, holds their keys. So a root need not name them for ever.</summary>
    internal void Settle(IReadOnlySet<ObjectId> folded) => Preface = Preface with { Additions = [.. Preface.Additions.Where(id => !folded.Contains(id))] };

    internal bool HoldsClosed(SubjectPseudonym subject, DataSetId dataSet, ErasureLedger ledger)
    {
        var isClosed = false;
        Keys.Find(subject.Value.ToArray(), record => isClosed |= ledger.IsClosed(subject, dataSet, SubjectRecord.GenerationOf(record)));
        return isClosed;
    }

    public void Dispose() => Keys.Dispose();
}
