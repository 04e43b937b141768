using System.Buffers;
using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class LocalTargetTests : IDisposable
{
    private static readonly ObjectName Name = new("packs/ab/object");

    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_that_is_not_there_or_is_a_file_cannot_be_opened()
    {
        File.WriteAllText(_folder["file"], "");

        Assert.Equal(TargetFault.NotFound, Assert.Throws<TargetException>(() => LocalTarget.Open(_folder["gone"])).Fault);
        Assert.Equal(TargetFault.NotFound, Assert.Throws<TargetException>(() => LocalTarget.Open(_folder["file"])).Fault);
        Assert.Equal(TargetFault.AlreadyExists, Assert.Throws<TargetException>(() => LocalTarget.Create(_folder["file"])).Fault);
    }

    [Fact]
    public async Task What_one_stored_another_finds()
    {
        await using var first = LocalTarget.Create(_folder["deep/er/vault"]);
        await PutAsync(first, Name, [1, 2]);
        await using var second = LocalTarget.Open(_folder["deep/er/vault/"]);

        Assert.Equal(_folder["deep/er/vault"], second.DisplayName);
        Assert.Equal(2, (await second.StatAsync(Name, Cancel))!.LengthBytes);
        Assert.True(File.Exists(_folder["deep/er/vault/packs/ab/object"]));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task What_is_put_from_a_thread_of_its_own_is_there_and_what_was_there_stays(bool liesInMemory, bool pastCache)
    {
        using var bytes = OwnedBuffer.Rent((1024 * 1024) + 13);
        new Random(11).NextBytes(bytes.Span);
        await using var target = LocalTarget.Create(_folder["vault"]);

        var (isDoneAtOnce, again) = await OnOwnThread(() =>
        {
            using var pin = bytes.Memory.Pin();
            using Stream content = liesInMemory ? StreamOver(pin, bytes.LengthBytes) : new MemoryStream(bytes.Span.ToArray());
            var put = target.PutAsync(Name, content, new PutOptions { PastCache = pastCache }, Cancel);
            var isDone = put.IsCompletedSuccessfully;
            put.GetAwaiter().GetResult();
            return (isDone, Assert.Throws<TargetException>(() => target.PutAsync(Name, content, new PutOptions { PastCache = pastCache }, Cancel).GetAwaiter().GetResult()));
        });

        Assert.Equal(TargetFault.AlreadyExists, again.Fault);
        Assert.True(isDoneAtOnce || !liesInMemory, "It went by way of the thread pool.");
        Assert.Equal(bytes.Span.ToArray(), File.ReadAllBytes(_folder["vault/packs/ab/object"]));
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder["vault/packs/ab"]));
    }

    [Fact]
    public async Task The_declared_capabilities_are_those_of_a_folder()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);

        Assert.True(target.Capabilities is { ConditionalPut: true, ListAfterWrite: true });
        Assert.True(target.Capabilities is { EnforcesWriteOnce: false, ObjectLock: false, Versions: false, LegalHold: false, ServerChecksum: false });
    }

    [Fact]
    public async Task A_full_disk_is_quota_exceeded_and_leaves_nothing()
    {
        using var mount = TestMount.Tmpfs("1m");
        await using var target = LocalTarget.Open(mount.FullPath);

        Assert.Equal(TargetFault.QuotaExceeded, await FaultOf(() => PutAsync(target, Name, new byte[4 << 20])));

        Assert.Empty(await ListAsync(target));
        Assert.Empty(Directory.GetFiles(Path.Combine(mount.FullPath, "packs/ab")));
        await PutAsync(target, Name, new byte[1000]);
    }

    [Fact]
    public async Task A_read_only_disk_is_access_denied_and_can_be_read()
    {
        using var mount = TestMount.Tmpfs("1m");
        await using var target = LocalTarget.Open(mount.FullPath);
        await PutAsync(target, Name, [1]);
        mount.MakeReadOnly();

        Assert.Equal(TargetFault.AccessDenied, await FaultOf(() => PutAsync(target, new ObjectName("packs/ab/other"), [1])));
        Assert.Equal(TargetFault.AccessDenied, await FaultOf(() => PutAsync(target, new ObjectName("other/other"), [1])));
        Assert.Equal(TargetFault.AccessDenied, await FaultOf(() => target.DeleteAsync(Name, Cancel)));
        Assert.Equal(TargetFault.AccessDenied, Assert.Throws<TargetException>(() => LocalTarget.Create(Path.Combine(mount.FullPath, "vault"))).Fault);
        await target.ReadAsync(Name, 0, new byte[1], Cancel);
    }

    [Fact]
    public async Task A_root_that_went_away_is_unavailable_and_not_empty()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        await PutAsync(target, Name, [1]);
        Directory.Move(_folder["vault"], _folder["unplugged"]);

        Assert.Equal(TargetFault.Unavailable, await FaultOf(() => ListAsync(target)));
        Assert.Equal(TargetFault.Unavailable, await FaultOf(() => target.StatAsync(Name, Cancel)));
        Assert.Equal(TargetFault.Unavailable, await FaultOf(() => target.ReadAsync(Name, 0, new byte[1], Cancel)));
        Assert.Equal(TargetFault.Unavailable, await FaultOf(() => target.DeleteAsync(Name, Cancel)));
        Assert.Equal(TargetFault.Unavailable, await FaultOf(() => PutAsync(target, new ObjectName("packs/ab/next"), [1])));
        Assert.False(Directory.Exists(_folder["vault"]));
    }

    [Fact]
    public async Task Directories_that_went_away_are_made_again()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        await PutAsync(target, Name, [1]);
        Directory.Delete(_folder["vault/packs"], recursive: true);

        await PutAsync(target, Name, [2]);

        Assert.Equal(["vault/packs/ab/object"], _folder.Files());
    }

    [Fact]
    public async Task Leftovers_of_crashes_and_foreign_files_are_no_objects()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        await PutAsync(target, Name, [1]);
        foreach (var foreign in new[] { ".sb-tmp-0123456789abcdef0123456789abcdef", "Thumbs.db", ".DS_Store", "UPPER", "with space", "ümlaut" })
        {
            File.WriteAllText(_folder["vault/packs/ab/" + foreign], "foreign");
        }

        Directory.CreateDirectory(_folder["vault/Foreign"]);
        File.WriteAllText(_folder["vault/Foreign/file"], "foreign");
        Directory.CreateDirectory(_folder["vault/empty"]);

        Assert.Equal([Name], (await ListAsync(target)).Select(stat => stat.Name));
    }

    [Fact]
    public async Task The_first_put_into_a_directory_sweeps_what_died_there()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using (var target = LocalTarget.Create(_folder["vault"], clock))
        {
            await PutAsync(target, Name, [1]);
        }

        File.WriteAllText(_folder["vault/packs/ab/.sb-tmp-dead"], "half");
        await using (var soon = LocalTarget.Open(_folder["vault"], clock))
        {
            await PutAsync(soon, new ObjectName("packs/ab/second"), [2]);
        }

        Assert.True(File.Exists(_folder["vault/packs/ab/.sb-tmp-dead"]));
        clock.Advance(DurableFile.StaleAge + TimeSpan.FromHours(1));
        await using var later = LocalTarget.Open(_folder["vault"], clock);
        await PutAsync(later, new ObjectName("packs/ab/third"), [3]);

        Assert.Equal(["vault/packs/ab/object", "vault/packs/ab/second", "vault/packs/ab/third"], _folder.Files());
    }

    [Fact]
    public async Task A_link_in_an_objects_place_is_no_object_and_is_never_followed()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        await PutAsync(target, Name, [1]);
        File.WriteAllText(_folder["secret"], "outside");
        var link = new ObjectName("packs/ab/link");
        File.CreateSymbolicLink(_folder["vault/packs/ab/link"], _folder["secret"]);

        Assert.Null(await target.StatAsync(link, Cancel));
        Assert.Equal(TargetFault.NotFound, await FaultOf(() => target.ReadAsync(link, 0, new byte[1], Cancel)));
        Assert.Equal([Name], (await ListAsync(target)).Select(stat => stat.Name));
        Assert.Equal(TargetFault.AlreadyExists, await FaultOf(() => PutAsync(target, link, [1])));
        await target.PutAsync(link, new MemoryStream([2]), new PutOptions(IfAbsent: false), Cancel);
        Assert.Equal("outside", File.ReadAllText(_folder["secret"]));
        Assert.Equal(1, (await target.StatAsync(link, Cancel))!.LengthBytes);
    }

    [Fact]
    public async Task Deleting_a_link_leaves_what_it_points_to()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        File.WriteAllText(_folder["secret"], "outside");
        File.CreateSymbolicLink(_folder["vault/link"], _folder["secret"]);

        await target.DeleteAsync(new ObjectName("link"), Cancel);

        Assert.Equal(["secret"], _folder.Files());
    }

    [Fact]
    public async Task A_directory_that_is_a_link_leads_nowhere()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        Directory.CreateDirectory(_folder["outside/ab"]);
        File.WriteAllText(_folder["outside/ab/object"], "outside");
        Directory.CreateSymbolicLink(_folder["vault/packs"], _folder["outside"]);

        Assert.Empty(await ListAsync(target));
        Assert.Empty(await target.ListAsync("packs/", Cancel).ToListAsync(Cancel));
        Assert.Empty(await target.ListAsync("packs/ab/", Cancel).ToListAsync(Cancel));
        Assert.Null(await target.StatAsync(Name, Cancel));
        Assert.Equal(TargetFault.NotFound, await FaultOf(() => target.ReadAsync(Name, 0, new byte[1], Cancel)));
        Assert.Equal(TargetFault.AccessDenied, await FaultOf(() => target.DeleteAsync(Name, Cancel)));
        Assert.Equal(TargetFault.AccessDenied, await FaultOf(() => PutAsync(target, new ObjectName("packs/new/object"), [1])));
        Assert.Equal(["outside/ab/object"], _folder.Files().Where(file => file.StartsWith("outside", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_pipe_in_an_objects_place_does_not_block_a_read()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes in folders.");
        await using var target = LocalTarget.Create(_folder["vault"]);
        using (var make = Process.Start("mkfifo", _folder["vault/pipe"]))
        {
            await make.WaitForExitAsync(Cancel);
        }

        var read = Task.Run(() => FaultOf(() => target.ReadAsync(new ObjectName("pipe"), 0, new byte[1], Cancel)), Cancel);

        Assert.Equal(TargetFault.NotFound, await read.WaitAsync(TimeSpan.FromSeconds(20), Cancel));
    }

    [Fact]
    public async Task A_file_in_a_directorys_place_is_no_way_to_an_object()
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        await PutAsync(target, new ObjectName("packs"), [1]);

        Assert.Null(await target.StatAsync(Name, Cancel));
        await target.DeleteAsync(Name, Cancel);
        Assert.Equal(TargetFault.NotFound, await FaultOf(() => target.ReadAsync(Name, 0, new byte[1], Cancel)));
        Assert.Equal(TargetFault.Unavailable, await FaultOf(() => PutAsync(target, Name, [1])));
        Assert.Empty(await target.ListAsync("packs/", Cancel).ToListAsync(Cancel));
    }

    private static async Task PutAsync(Target target, ObjectName name, byte[] bytes) =>
        await target.PutAsync(name, new MemoryStream(bytes), PutOptions.Default, Cancel);

    private static async Task<List<ObjectStat>> ListAsync(Target target) => await target.ListAsync("", Cancel).ToListAsync(Cancel);

    private static async Task<TargetFault> FaultOf(Func<Task> call) => (await Assert.ThrowsAsync<TargetException>(call)).Fault;

    private static unsafe UnmanagedMemoryStream StreamOver(MemoryHandle bytes, int lengthBytes) => new((byte*)bytes.Pointer, lengthBytes);

    private static Task<T> OnOwnThread<T>(Func<T> act) => Task.Factory.StartNew(act, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
