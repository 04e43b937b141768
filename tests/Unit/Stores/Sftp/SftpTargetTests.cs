using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Sftp;

/// <summary>What others may have put into the folder, and what is left of runs that died.</summary>
public sealed class SftpTargetTests : IAsyncLifetime
{
    private static readonly ObjectName Name = new("packs/ab/one");

    private SshServer _server = null!;
    private string _folder = "";
    private Target _target = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServers.SshAsync();
        _folder = _server.CreateFolder();
        _target = SftpPlace.Open(_server.AddressOf(_folder));
    }

    public async ValueTask DisposeAsync()
    {
        if (_target is not null)
        {
            await _target.DisposeAsync();
        }
    }

    [Fact]
    public void It_says_where_it_is_and_no_more() => Assert.Equal($"sftp://{_server.Authority}{_folder}", _target.DisplayName);

    [Fact]
    public async Task A_link_is_no_object_and_no_way_to_one()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "outside"));
        await File.WriteAllBytesAsync(Path.Combine(_folder, "outside/x"), [1], Cancel);
        Directory.CreateDirectory(Path.Combine(_folder, "packs"));
        File.CreateSymbolicLink(Path.Combine(_folder, "packs/ab"), Path.Combine(_folder, "outside"));
        File.CreateSymbolicLink(Path.Combine(_folder, "packs/link"), Path.Combine(_folder, "outside/x"));

        Assert.Equal(["outside/x"], await _target.ListAsync("", Cancel).Select(static stat => stat.Name.Value).ToListAsync(Cancel));
        Assert.Empty(await _target.ListAsync("packs/ab/", Cancel).ToListAsync(Cancel));
        foreach (var name in new[] { new ObjectName("packs/ab/x"), new ObjectName("packs/link") })
        {
            Assert.Null(await _target.StatAsync(name, Cancel));
            Assert.Null(await _target.TryFetchAsync(name, 10, Cancel));
            await AssertFaultAsync(TargetFault.NotFound, () => _target.ReadAsync(name, 0, new byte[1], Cancel));
            await AssertFaultAsync(TargetFault.AccessDenied, () => _target.DeleteAsync(name, Cancel));
        }

        await AssertFaultAsync(TargetFault.AccessDenied, () => _target.PutAsync(Name, new MemoryStream([2]), PutOptions.Default, Cancel));
        Assert.Equal([1], await File.ReadAllBytesAsync(Path.Combine(_folder, "outside/x"), Cancel));
    }

    [Fact]
    public async Task Nothing_is_put_behind_a_link_above_its_folder()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "outside"));
        File.CreateSymbolicLink(Path.Combine(_folder, "packs"), Path.Combine(_folder, "outside"));

        await AssertFaultAsync(TargetFault.AccessDenied, () => _target.PutAsync(Name, new MemoryStream([2]), PutOptions.Default, Cancel));

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_folder, "outside")));
    }

    [Fact]
    public async Task A_host_whose_clock_is_ahead_sweeps_nothing_that_is_being_sent()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "packs/ab"));
        var sending = Path.Combine(_folder, "packs/ab/.sb-tmp-1");
        await File.WriteAllBytesAsync(sending, [1], Cancel);
        await using var target = RemoteTargets.Open(
            new TargetSettings { Address = TargetUri.Parse(_server.AddressOf(_folder)) }, TargetCredential.None, new OpenContext(NullSink.Instance, new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(2))));

        await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

        Assert.True(File.Exists(sending));
    }

    [Fact]
    public async Task What_a_run_that_died_left_is_no_object_and_is_swept_after_a_day()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "packs/ab"));
        var (old, young) = (Path.Combine(_folder, "packs/ab/.sb-tmp-1"), Path.Combine(_folder, "packs/ab/.sb-tmp-2"));
        await File.WriteAllBytesAsync(old, [1], Cancel);
        await File.WriteAllBytesAsync(young, [1], Cancel);
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-25));

        Assert.Empty(await _target.ListAsync("", Cancel).ToListAsync(Cancel));
        await _target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    [Fact]
    public async Task A_folder_below_that_goes_away_is_made_again_by_the_next_try()
    {
        await _target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);
        Directory.Delete(Path.Combine(_folder, "packs"), recursive: true);

        await AssertFaultAsync(TargetFault.Unavailable, () => _target.PutAsync(Name, new MemoryStream([2]), PutOptions.Default, Cancel));
        await _target.PutAsync(Name, new MemoryStream([2]), PutOptions.Default, Cancel);

        Assert.Equal([2], await File.ReadAllBytesAsync(Path.Combine(_folder, Name.Value), Cancel));
    }

    [Fact]
    public async Task A_target_whose_folder_goes_away_says_so_and_takes_no_object_for_missing()
    {
        await _target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);
        Directory.Delete(_folder, recursive: true);

        await AssertFaultAsync(TargetFault.PlaceMissing, () => _target.StatAsync(Name, Cancel));
        await AssertFaultAsync(TargetFault.PlaceMissing, () => _target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));
        await AssertFaultAsync(TargetFault.PlaceMissing, () => _target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
    }

    [Fact]
    public async Task Room_is_what_the_servers_file_system_has() => Assert.InRange(await _target.GetRoomAsync(Cancel) ?? 0, 1, long.MaxValue);

    [Fact]
    public async Task After_the_server_was_away_it_goes_on()
    {
        await using var server = await TestServers.OwnSshAsync();
        await using var target = SftpPlace.Open(server.AddressOf(server.CreateFolder()));
        await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

        await server.KillAsync();
        await AssertFaultAsync(TargetFault.Unavailable, () => target.StatAsync(Name, Cancel));
        await server.StartAgainAsync();

        Assert.Equal(1, (await target.StatAsync(Name, Cancel))!.LengthBytes);
    }

    private static async Task AssertFaultAsync(TargetFault fault, Func<Task> call) => Assert.Equal(fault, (await Assert.ThrowsAsync<TargetException>(call)).Fault);
}
