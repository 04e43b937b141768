using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.WebDav;

/// <summary>What a request costs, what a delete spares, and what people get wrong.</summary>
public sealed class WebDavTargetTests : IAsyncLifetime
{
    private const string Secret = "hunter2hunter2";

    private static readonly ObjectName Name = new("packs/ab/one");

    private ApacheDav _server = null!;
    private string _folder = "";
    private Target _target = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Path => System.IO.Path.Join(_server.Root, _folder);

    public async ValueTask InitializeAsync()
    {
        _server = await TestServers.ApacheAsync();
        _folder = _server.CreateFolder();
        _target = DavPlace.Open($"dav://{_server.Authority}/{_folder}", _server.User, _server.Password);
    }

    public async ValueTask DisposeAsync()
    {
        if (_target is not null)
        {
            await _target.DisposeAsync();
        }
    }

    [Fact]
    public async Task Each_call_is_as_few_requests_as_can_be()
    {
        await PutAsync("packs/ab/first");
        var before = _target.Meter.Sample();

        await PutAsync("packs/ab/one");
        await _target.TryFetchAsync(Name, 10, Cancel);
        await _target.ReadAsync(Name, 0, new byte[1], Cancel);
        await _target.StatAsync(Name, Cancel);
        await _target.ListAsync("packs/ab/", Cancel).ToListAsync(Cancel);
        await _target.DeleteAsync(Name, Cancel);

        var cost = _target.Meter.Sample().Since(before);
        Assert.Equal((1, 2, 3, 1, 1, 1), (cost.Puts, cost.Gets, cost.Stats, cost.Lists, cost.Deletes, cost.Others));
    }

    [Fact]
    public async Task A_folder_is_never_deleted_for_an_object()
    {
        await PutAsync("packs/ab/one");

        await _target.DeleteAsync(new ObjectName("packs/ab"), Cancel);
        await _target.DeleteAsync(new ObjectName("packs"), Cancel);

        Assert.NotNull(await _target.StatAsync(Name, Cancel));
    }

    [Fact]
    public async Task What_a_run_that_died_left_is_no_object_and_is_swept_after_a_day()
    {
        ApacheDav.Open(Directory.CreateDirectory(System.IO.Path.Join(Path, "packs")).FullName);
        ApacheDav.Open(Directory.CreateDirectory(System.IO.Path.Join(Path, "packs/ab")).FullName);
        var (old, young) = (System.IO.Path.Join(Path, "packs/ab/.sb-tmp-1"), System.IO.Path.Join(Path, "packs/ab/.sb-tmp-2"));
        await File.WriteAllBytesAsync(old, [1], Cancel);
        await File.WriteAllBytesAsync(young, [1], Cancel);
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-25));

        Assert.Empty(await _target.ListAsync("", Cancel).ToListAsync(Cancel));
        await PutAsync("packs/ab/one");

        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    [Fact]
    public async Task A_target_whose_folder_goes_away_says_so_and_takes_no_object_for_missing()
    {
        await PutAsync("packs/ab/one");
        Directory.Delete(Path, recursive: true);

        await AssertCodeAsync(FaultCodes.TargetPlaceMissing, () => _target.StatAsync(Name, Cancel));
        await AssertCodeAsync(FaultCodes.TargetPlaceMissing, () => PutAsync("packs/ab/two"));
        await AssertCodeAsync(FaultCodes.TargetPlaceMissing, () => _target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());
        Assert.False(Directory.Exists(Path));
    }

    [Fact]
    public async Task A_wrong_password_is_rejected_and_not_shown()
    {
        await using var target = DavPlace.Open($"dav://{_server.Authority}/{_folder}", _server.User, Secret);
        var error = await AssertCodeAsync(FaultCodes.TargetKeyRejected, () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Contains("of the test", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_asks_for_a_credential_gets_none_that_was_not_given()
    {
        await using var target = DavPlace.Open($"dav://{_server.Authority}/{_folder}", null, "");

        Assert.Contains("none were given", (await AssertCodeAsync(FaultCodes.TargetKeyRejected, () => target.StatAsync(Name, Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_may_only_read_is_told_so_and_makes_nothing()
    {
        await using var target = DavPlace.Open($"dav://{_server.Authority}/{_folder}", _server.Reader, _server.Password);

        // Apache asks for another user where one lacks a right.
        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Contains(error.Fault, new[] { TargetFault.AccessDenied, TargetFault.KeyRejected });
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path));
    }

    [Fact]
    public async Task A_certificate_that_no_trusted_authority_signed_is_shown_and_refused()
    {
        await using var target = DavPlace.Open($"davs://{_server.SecureAuthority}/{_folder}", _server.User, _server.Password);
        var error = await AssertCodeAsync(FaultCodes.TargetUntrusted, () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Contains("CN=localhost", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path));
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_told_from_the_server()
    {
        await using var proxy = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = StatusCodes.Status407ProxyAuthenticationRequired;
            return Task.CompletedTask;
        });
        foreach (var address in new[] { $"dav://{_server.Authority}/{_folder}?proxy={proxy.Address.Authority}", $"davs://{_server.SecureAuthority}/{_folder}?ca={_server.AuthorityFile}&proxy={proxy.Address.Authority}" })
        {
            await using var target = DavPlace.Open(address, _server.User, _server.Password);
            var error = await AssertCodeAsync(FaultCodes.TargetProxyRefused, () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

            Assert.DoesNotContain(_server.Password, error.ToString(), StringComparison.Ordinal);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path));
    }

    [Fact]
    public async Task A_folder_that_may_not_be_listed_is_said_and_not_taken_for_an_empty_one()
    {
        await PutAsync("packs/ab/one");
        await using var closed = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        });
        await using var target = DavPlace.Open($"dav://{closed.Address.Authority}/{_folder}", _server.User, _server.Password);

        Assert.Contains("right to read", (await AssertCodeAsync(FaultCodes.TargetAccessDenied, () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask())).Remedy, StringComparison.Ordinal);
        await AssertCodeAsync(FaultCodes.TargetAccessDenied, () => target.StatAsync(Name, Cancel));
        await AssertCodeAsync(FaultCodes.TargetAccessDenied, () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));
    }

    [Fact]
    public async Task A_server_that_says_it_is_full_is_believed()
    {
        await using var full = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = context.Request.Method is "MKCOL" ? StatusCodes.Status201Created : StatusCodes.Status507InsufficientStorage;
            return Task.CompletedTask;
        });
        await using var target = DavPlace.Open($"dav://{full.Address.Authority}/{_folder}", _server.User, _server.Password);

        var error = await AssertCodeAsync(FaultCodes.TargetQuotaExceeded, () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Contains("full", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Password, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_a_server_finds_too_long_is_one()
    {
        await using var strict = await LoopbackServer.StartAsync(static context =>
        {
            context.Response.StatusCode = StatusCodes.Status414UriTooLong;
            return Task.CompletedTask;
        });
        await using var target = DavPlace.Open($"dav://{strict.Address.Authority}/{_folder}", _server.User, _server.Password);

        await AssertCodeAsync(FaultCodes.TargetNameTooLong, () => target.StatAsync(Name, Cancel));
    }

    [Fact]
    public async Task A_full_disk_is_said_and_leaves_nothing()
    {
        using var disk = TestMount.Tmpfs("256k");
        ApacheDav.Open(disk.FullPath);
        Directory.CreateSymbolicLink(System.IO.Path.Join(Path, "disk"), disk.FullPath);
        await using var target = DavPlace.Open($"dav://{_server.Authority}/{_folder}/disk", _server.User, _server.Password);

        await AssertCodeAsync(FaultCodes.TargetQuotaExceeded, () => target.PutAsync(Name, new MemoryStream(new byte[400_000]), PutOptions.Default, Cancel));

        Assert.Empty(await target.ListAsync("", Cancel).ToListAsync(Cancel));
    }

    [Theory]
    [InlineData("davs://host/dav?colour=red")]
    [InlineData("davs://host/dav?parallel=0")]
    [InlineData("davs://host/dav?atomicmove=perhaps")]
    [InlineData("davs://host/dav?ca=/no/such/file.pem")]
    public void A_setting_that_is_none_is_refused(string address) =>
        Assert.Equal(FaultCodes.TargetOptionInvalid, Assert.Throws<RequestException>(() => DavPlace.Open(address, "u", Secret)).Code);

    [Fact]
    public void A_password_without_a_user_is_no_credential()
    {
        var error = Assert.Throws<RequestException>(() => DavPlace.Open("davs://host/dav", "", Secret));

        Assert.Equal(FaultCodes.CredentialNotUsable, error.Code);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_TLS_no_other_machine_is_spoken_to() =>
        Assert.Equal(FaultCodes.PlainHttpRefused, Assert.Throws<RequestException>(() => DavPlace.Open("dav://192.0.2.1/dav", "u", Secret)).Code);

    private Task<PutReceipt> PutAsync(string name) => _target.PutAsync(new ObjectName(name), new MemoryStream([1]), PutOptions.Default with { IsOwnName = true }, Cancel);

    private static async Task<TargetException> AssertCodeAsync(FaultCode code, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<TargetException>(call);
        Assert.Equal(code, error.Code);
        return error;
    }
}
