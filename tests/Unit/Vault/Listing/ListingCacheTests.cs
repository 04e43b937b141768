using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

public sealed class ListingCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("listing-cache-").FullName;
    private readonly SigningKey _member = SigningKey.Create();
    private readonly VaultId _vault = new(Id256.Random());
    private readonly DataSetId _dataSet = new(Id256.Random());

    [Fact]
    public void What_was_written_is_read_in_order_with_ids_read_or_passed_over()
    {
        var startedAt = new Timestamp(-5, 7);
        Write(count: 3000, startedAt);
        using var reader = Cache().TryOpen();
        Assert.Equal(startedAt, reader!.StartedAt);
        for (var i = 0; i < 3000; i++)
        {
            var entry = reader.Next();
            Assert.Equal(Entry(i).Path, entry!.Entry.Path);
            Assert.Equal((ulong)i + 1, entry.Identity.FileId);
            Assert.Equal(i % 5, entry.DeepIds);
            for (var id = 0; i % 2 == 0 && id < entry.DeepIds; id++)
            {
                Assert.Equal(Chunk(i, id), reader.NextId());
            }
        }

        Assert.Null(reader.Next());
    }

    [Fact]
    public void Ids_of_an_entry_that_was_given_up_shift_no_others()
    {
        using (var writer = new ListingCacheWriter(Cache(), default))
        {
            writer.AddId(Chunk(90, 0));
            writer.AddId(Chunk(90, 1));
            Add(writer, 2);
            Add(writer, 3);
            writer.Commit();
        }

        using var reader = Cache().TryOpen();
        Assert.Equal(4, reader!.Next()!.DeepIds);
        Assert.Equal(3, reader.Next()!.DeepIds);
        Assert.Equal([Chunk(3, 0), Chunk(3, 1), Chunk(3, 2)], new[] { reader.NextId(), reader.NextId(), reader.NextId() });
        Assert.Throws<Engine.Faults.IntegrityException>(() => reader.NextId());
    }

    [Fact]
    public void A_bit_of_an_entrys_head_that_memory_changed_is_found_before_anything_in_it_counts()
    {
        Write(count: 1, default);
        using var reader = Cache().TryOpen();
        var head = new byte[CachedEntryCodec.HeadBytes];
        var entry = reader!.Next()!;
        CachedEntryCodec.WriteHead(entry, entry.Identity, 3, head);
        Assert.InRange(CachedEntryCodec.RestBytes(head), 1, 1000);
        for (var bit = 0; bit < 8 * head.Length; bit++)
        {
            head[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<Engine.Faults.IntegrityException>(() => CachedEntryCodec.RestBytes(head));
            head[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Before_the_commit_the_old_cache_stands()
    {
        Write(count: 2, default);
        using (var writer = new ListingCacheWriter(Cache(), default))
        {
            Add(writer, 7);
        }

        using var reader = Cache().TryOpen();
        Assert.Equal(Entry(0).Path, reader!.Next()!.Entry.Path);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void Another_members_vaults_or_missing_cache_is_none()
    {
        Assert.Null(Cache().TryOpen());
        Write(count: 2, default);
        Assert.Null((Cache() with { Member = SigningKey.Create() }).TryOpen());
        Assert.Null((Cache() with { Vault = new VaultId(Id256.Random()) }).TryOpen());
    }

    [Fact]
    public void Files_of_two_runs_do_not_make_a_pair()
    {
        Write(count: 2, default);
        var ids = System.IO.File.ReadAllBytes(Cache().IdsPath);
        Write(count: 2, default);
        System.IO.File.WriteAllBytes(Cache().IdsPath, ids);
        Assert.Null(Cache().TryOpen());
    }

    [Fact]
    public void Every_flipped_byte_and_every_cut_is_noticed()
    {
        Write(count: 3, default);
        var whole = System.IO.File.ReadAllBytes(Cache().EntriesPath);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 1;
            System.IO.File.WriteAllBytes(Cache().EntriesPath, damaged);
            Assert.False(ReadsWhole(), $"A flip at {at} went unseen.");
            System.IO.File.WriteAllBytes(Cache().EntriesPath, whole[..at]);
            Assert.False(ReadsWhole(), $"A cut at {at} went unseen.");
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_made_ends_the_cache_and_nothing_else()
    {
        var file = Path.Combine(_folder, "occupied");
        System.IO.File.WriteAllText(file, "");
        using var writer = new ListingCacheWriter(Cache() with { Directory = Path.Combine(file, "below") }, default);
        Add(writer, 1);
        writer.Commit();
        Assert.IsAssignableFrom<IOException>(writer.Failure);
    }

    public void Dispose()
    {
        _member.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private ListingCache Cache() => new(_folder, _vault, _dataSet, _member);

    private bool ReadsWhole()
    {
        try
        {
            using var reader = Cache().TryOpen();
            for (var i = 0; i < 3; i++)
            {
                if (reader?.Next() is null)
                {
                    return false;
                }
            }

            return reader!.Next() is null;
        }
        catch (SecureBackup.Engine.Faults.BackupException)
        {
            return false;
        }
    }

    private void Write(int count, Timestamp startedAt)
    {
        using var writer = new ListingCacheWriter(Cache(), startedAt);
        for (var i = 0; i < count; i++)
        {
            Add(writer, i);
        }

        writer.Commit();
        Assert.Null(writer.Failure);
    }

    private static void Add(ListingCacheWriter writer, int number)
    {
        for (var id = 0; id < number % 5; id++)
        {
            writer.AddId(Chunk(number, id));
        }

        var identity = new EntryIdentity(null, (ulong)number + 1, 2, 1);
        writer.Add(CachedEntry.Of(Entry(number), EntryCodec.Encode(Entry(number)), identity), identity);
    }

    private static ChunkId Chunk(int number, int id) => new(ContentHash.Of(BitConverter.GetBytes((number * 10) + id)).Value);

    private static ListedEntry Entry(int number) => new()
    {
        Path = new EntryPath([System.Text.Encoding.UTF8.GetBytes($"file-{number:d5}")]),
        Metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = number },
    };
}
