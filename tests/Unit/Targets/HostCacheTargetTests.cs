using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Index;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class HostCacheTargetTests : IAsyncDisposable
{
    private static readonly ObjectName Record = new("snapshots/one");

    private readonly TempFolder _folder = new();
    private readonly RecordingSink _sink = new();
    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string CacheFolder => _folder["cache"];

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("snapshots/one", 1000, 1)]
    [InlineData("index/one", 1000, 1)]
    [InlineData("index/large", 8 << 20, 1)]
    [InlineData("register/0000000000", 0, 1)]
    public async Task What_was_listed_is_fetched_whole_once_and_never_again(string name, int sizeBytes, int requests)
    {
        var bytes = Bytes(sizeBytes);
        _store.Replace(new ObjectName(name), bytes);
        for (var process = 0; process < 3; process++)
        {
            await using var target = Open();
            await ListAsync(target);
            foreach (var (offset, length) in new[] { (sizeBytes / 2, sizeBytes / 4), (0, sizeBytes), (sizeBytes, 0) })
            {
                Assert.Equal(bytes[offset..(offset + length)], await ReadAsync(target, name, offset, length));
            }
        }

        Assert.Equal(requests, _store.Meter.Sample().Gets);
    }

    [Theory]
    [InlineData("packs/one")]
    [InlineData("keys/one")]
    [InlineData("refs/one")]
    [InlineData("snapshots/too-large")]
    public async Task What_is_not_meant_for_it_always_comes_from_the_store(string name)
    {
        _store.Replace(new ObjectName(name), new byte[(1 << 20) + 1]);
        await using var target = Open();
        await ListAsync(target);

        await ReadAsync(target, name, 0, 10);
        await ReadAsync(target, name, 0, 10);

        Assert.Equal(2, _store.Meter.Sample().Gets);
        Assert.False(Directory.Exists(CacheFolder));
    }

    [Fact]
    public async Task What_no_listing_named_comes_from_the_store()
    {
        _store.Replace(Record, Bytes(10));
        await using var target = Open();

        Assert.Equal(Bytes(10), await ReadAsync(target, Record.Value, 0, 10));
        _store.Remove(Record);

        Assert.Equal(TargetFault.NotFound, (await Assert.ThrowsAsync<TargetException>(() => ReadAsync(target, Record.Value, 0, 10))).Fault);
        Assert.Null(await target.TryFetchAsync(Record, 100, Cancel));
    }

    [Fact]
    public async Task What_the_store_exchanged_is_fetched_anew()
    {
        _store.Replace(Record, [1, 2, 3]);
        await ReadOnceAsync(3);
        _store.Replace(Record, [4, 5, 6]);

        Assert.Equal([4, 5, 6], await ReadOnceAsync(3));
    }

    [Fact]
    public async Task A_flipped_bit_on_this_disk_costs_a_request_and_nothing_else()
    {
        _store.Replace(Record, Bytes(1000));
        await ReadOnceAsync(1000);
        var file = Assert.Single(Directory.GetFiles(CacheFolder, "*", SearchOption.AllDirectories));
        for (var flip = 0; flip < 1032; flip += 103)
        {
            var stored = await File.ReadAllBytesAsync(file, Cancel);
            stored[flip] ^= 4;
            await File.WriteAllBytesAsync(file, stored, Cancel);

            var before = _store.Meter.Sample().Gets;
            Assert.Equal(Bytes(1000), await ReadOnceAsync(1000));
            Assert.Equal(before + 1, _store.Meter.Sample().Gets);
        }

        Assert.Empty(_sink.Events);
    }

    [Fact]
    public async Task What_this_host_put_itself_is_not_fetched_and_can_be_read_by_nobody_else_here()
    {
        await using var target = Open();
        await target.PutAsync(Record, new MemoryStream(Bytes(500)), PutOptions.Default, Cancel);

        Assert.Equal(Bytes(500), await ReadAsync(target, Record.Value, 0, 500));
        await ListAsync(target);
        Assert.Equal(Bytes(500), await ReadAsync(target, Record.Value, 0, 500));

        Assert.Equal(0, _store.Meter.Sample().Gets);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Directory.GetFiles(CacheFolder, "*", SearchOption.AllDirectories).Single()));
        }
    }

    [Fact]
    public async Task What_a_listing_lacks_is_deleted_here_and_what_is_deleted_there_too()
    {
        foreach (var name in new[] { "snapshots/kept", "snapshots/gone", "snapshots/deleted", "index/other" })
        {
            _store.Replace(new ObjectName(name), Bytes(10));
        }

        await using (var target = Open())
        {
            await ListAsync(target);
            foreach (var name in _store.Objects.Keys)
            {
                await ReadAsync(target, name.Value, 0, 10);
            }
        }

        Assert.Equal(4, Directory.GetFiles(CacheFolder, "*", SearchOption.AllDirectories).Length);
        await using (var target = Open())
        {
            _store.Remove(new ObjectName("snapshots/gone"));
            await target.ListAsync("snapshots/", Cancel).ToListAsync(Cancel);
            await target.DeleteAsync(new ObjectName("snapshots/deleted"), Cancel);
        }

        Assert.Single(Directory.GetFiles(Path.Combine(CacheFolder, "snapshots")));
        Assert.Single(Directory.GetFiles(Path.Combine(CacheFolder, "index")));
    }

    [Fact]
    public async Task Of_a_large_segment_the_parts_are_read_that_are_wanted_and_the_whole_when_they_are_many()
    {
        const string Name = "index/large";
        const int Parts = 17;
        var bytes = Bytes((Parts << 20) + 1);
        _store.Replace(new ObjectName(Name), bytes);
        await using var target = Open();
        await ListAsync(target);
        for (var part = 0; part < Parts; part++)
        {
            Assert.Equal(bytes[(part * 1000)..((part * 1000) + 16)], await ReadAsync(target, Name, part * 1000, 16));
        }

        var few = _store.Meter.Sample();
        Assert.Equal((Parts, Parts * 16L), (few.Gets, few.BytesReceived));
        for (var part = 0; part < 100; part++)
        {
            Assert.Equal(bytes[(part * 1000)..((part * 1000) + 16)], await ReadAsync(target, Name, part * 1000, 16));
        }

        var many = _store.Meter.Sample().Since(few);
        Assert.Equal((2, (long)bytes.Length), (many.Gets, many.BytesReceived));
    }

    [Fact]
    public async Task The_limit_is_the_hosts_and_not_each_targets()
    {
        foreach (var (at, folder) in new[] { "one", "two" }.Index())
        {
            await using var target = new HostCacheTarget(new MemoryTarget(options: new MemoryTargetOptions { IsNear = false }), new HostObjectCache(Path.Combine(CacheFolder, folder), _sink) { HostFolder = CacheFolder, MaxBytes = 3 * (100 + 32) });
            for (var name = 0; name < 2; name++)
            {
                await target.PutAsync(new ObjectName($"snapshots/{name}"), new MemoryStream(Bytes(100)), PutOptions.Default, Cancel);
            }

            foreach (var file in new DirectoryInfo(Path.Combine(CacheFolder, folder, "snapshots")).GetFiles())
            {
                file.LastWriteTimeUtc = new DateTime(2000, 1, 1 + at, 0, 0, 0, DateTimeKind.Utc);
            }
        }

        Assert.Single(Directory.GetFiles(Path.Combine(CacheFolder, "one", "snapshots")));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(CacheFolder, "two", "snapshots")).Length);
    }

    [Fact]
    public async Task Over_its_size_the_oldest_go()
    {
        var names = Enumerable.Range(0, 5).Select(static index => $"snapshots/{index}").ToArray();
        await using (var target = new HostCacheTarget(_store, new HostObjectCache(CacheFolder, _sink) { MaxBytes = 3 * (100 + 32) }))
        {
            foreach (var (index, name) in names.Index())
            {
                await target.PutAsync(new ObjectName(name), new MemoryStream(Bytes(100)), PutOptions.Default, Cancel);
                var newest = new DirectoryInfo(Path.Combine(CacheFolder, "snapshots")).GetFiles().Single(static file => file.LastWriteTimeUtc.Year > 2000);
                newest.LastWriteTimeUtc = new DateTime(2000, 1, 1 + index, 0, 0, 0, DateTimeKind.Utc);
            }
        }

        Assert.Equal(3, Directory.GetFiles(Path.Combine(CacheFolder, "snapshots")).Length);
        await using var again = Open();
        await ListAsync(again);
        await ReadAsync(again, names[4], 0, 100);
        Assert.Equal(0, _store.Meter.Sample().Gets);
        await ReadAsync(again, names[0], 0, 100);
        Assert.Equal(1, _store.Meter.Sample().Gets);
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_is_one_warning_and_the_store_is_read()
    {
        await File.WriteAllBytesAsync(CacheFolder, [1], Cancel);
        _store.Replace(Record, Bytes(10));
        await using var target = Open();
        await ListAsync(target);

        Assert.Equal(Bytes(10), await ReadAsync(target, Record.Value, 0, 10));
        Assert.Equal(Bytes(10), await ReadAsync(target, Record.Value, 0, 10));
        await target.PutAsync(new ObjectName("snapshots/two"), new MemoryStream(Bytes(10)), PutOptions.Default, Cancel);

        Assert.Equal(FaultCodes.HostStateUnusable, Assert.Single(_sink.Events).Code);
    }

    [Fact]
    public async Task A_fetch_that_broke_off_leaves_nothing()
    {
        const int Parts = 16;
        _store.Replace(new ObjectName("index/one"), Bytes((16 << 20) + 1));
        var breaking = new Breaking(_store) { BreaksAt = Parts + 2 };
        await using var target = new HostCacheTarget(breaking, new HostObjectCache(CacheFolder, _sink));
        await ListAsync(target);
        for (var part = 0; part < Parts; part++)
        {
            await ReadAsync(target, "index/one", 0, 10);
        }

        await Assert.ThrowsAsync<TargetException>(() => ReadAsync(target, "index/one", 0, 10));

        Assert.Empty(Directory.GetFiles(CacheFolder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_cannot_get_its_name_leaves_no_file_of_another()
    {
        await using var target = Open();
        await target.PutAsync(Record, new MemoryStream(Bytes(10)), PutOptions.Default, Cancel);
        var path = Directory.GetFiles(Path.Combine(CacheFolder, "snapshots")).Single();
        File.Delete(path);
        Directory.CreateDirectory(path);
        await ListAsync(target);

        Assert.Equal(Bytes(10), await ReadAsync(target, Record.Value, 0, 10));

        Assert.Empty(Directory.GetFiles(CacheFolder, "*", SearchOption.AllDirectories));
        Assert.Equal(FaultCodes.HostStateUnusable, Assert.Single(_sink.Events).Code);
    }

    [Fact]
    public async Task A_wrong_answer_does_not_stay()
    {
        _store.Replace(Record, Bytes(10));
        for (var session = 0; session < 2; session++)
        {
            await using var target = new HostCacheTarget(new Garbling(_store) { GarblesAt = session == 0 ? 0 : null }, new HostObjectCache(CacheFolder, _sink));
            var problems = new List<ObjectName>();
            await new ObjectStore(target).ReadManyAsync(
                await target.ListAsync("snapshots/", Cancel).ToListAsync(Cancel),
                10,
                static stored => stored.Bytes.Span.SequenceEqual(Bytes(10)) ? stored : throw new IntegrityException(FaultCodes.Malformed, "Wrong."),
                (name, _) => problems.Add(name),
                Cancel);

            Assert.Equal(session == 0 ? [Record] : [], problems);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(IndexLayout.PrologueBytes + 1)]
    public async Task A_wrong_answer_about_a_segment_does_not_stay(int at)
    {
        using var kit = new IndexKit();
        var (pack, entries) = kit.Imagine(4);
        var id = await kit.StoreAsync(kit.Sealing(), (pack, entries));
        for (var session = 0; session < 2; session++)
        {
            await using var target = new HostCacheTarget(new Garbling(kit.Target) { GarblesAt = session == 0 ? at : null }, new HostObjectCache(CacheFolder, _sink));
            var stat = Assert.Single(await target.ListAsync(IndexSegment.Prefix, Cancel).ToListAsync(Cancel));
            var find = async () =>
            {
                using var segment = await IndexSegment.OpenAsync(target, stat, kit.Access, new PageCache(), Cancel);
                var found = new List<ChunkLocation>();
                await segment.FindAsync(entries[0].Chunk, found, Cancel);
                Assert.Single(found);
            };

            await (session == 0 ? Assert.ThrowsAsync<IntegrityException>(find) : find());
        }
    }

    [Fact]
    public async Task Past_it_lies_the_store_and_what_is_put_inside_sees_the_requests_alone()
    {
        _store.Replace(Record, Bytes(10));
        await using var target = Open();
        await ListAsync(target);
        Breaking? inside = null;
        var rewired = target.Rewired(inner => inside = new Breaking(inner) { BreaksAt = int.MaxValue });

        await ReadAsync(rewired, Record.Value, 0, 10);
        await ReadAsync(rewired, Record.Value, 0, 10);
        await ReadAsync(target, Record.Value, 0, 10);

        Assert.Equal(1, inside!.Reads);
        Assert.Same(_store, target.Uncached);
    }

    [Fact]
    public async Task Its_folders_are_those_of_a_vault()
    {
        var folders = new[]
        {
            ObjectNames.Register, ObjectNames.Manifests, ObjectNames.Removals, ObjectNames.Verifications, ObjectNames.Approvals, ObjectNames.Relocations, ObjectNames.Condemned, ObjectNames.IndexSegments,
        };
        await using var target = Open();
        foreach (var folder in folders)
        {
            await target.PutAsync(new ObjectName(folder + "one"), new MemoryStream(Bytes(1)), PutOptions.Default, Cancel);
        }

        Assert.Equal(folders.Select(static folder => folder.TrimEnd('/')).Order(), Directory.GetDirectories(CacheFolder).Select(Path.GetFileName).Order());
    }

    private static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(static index => (byte)(index % 251))];

    private static async Task<byte[]> ReadAsync(Target target, string name, long offset, int length)
    {
        var bytes = new byte[length];
        await target.ReadAsync(new ObjectName(name), offset, bytes, Cancel);
        return bytes;
    }

    private static async Task ListAsync(Target target)
    {
        foreach (var folder in new[] { "snapshots/", "index/", "register/", "packs/", "keys/", "refs/" })
        {
            await target.ListAsync(folder, Cancel).ToListAsync(Cancel);
        }
    }

    private HostCacheTarget Open() => new(_store, new HostObjectCache(CacheFolder, _sink));

    private async Task<byte[]> ReadOnceAsync(int length)
    {
        await using var target = Open();
        await ListAsync(target);
        return await ReadAsync(target, Record.Value, 0, length);
    }

    /// <summary>The way to the store flips a bit.</summary>
    private sealed class Garbling(Target inner) : DelegatingTarget(inner)
    {
        public int? GarblesAt { get; init; }

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await base.ReadAsync(name, offset, destination, cancellationToken);
            if (GarblesAt is { } at)
            {
                destination.Span[at] ^= 1;
            }
        }
    }

    private sealed class Breaking(Target inner) : DelegatingTarget(inner)
    {
        public int BreaksAt { get; init; } = 2;

        public int Reads { get; private set; }

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
            ++Reads == BreaksAt ? throw new TargetException(TargetFault.Unavailable, "The line broke.") : base.ReadAsync(name, offset, destination, cancellationToken);
    }
}
