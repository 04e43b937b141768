using System.Net;
using System.Net.Sockets;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Sftp;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Sftp;

/// <summary>What people get wrong, and what a server refuses: each a code of its own, no secret in it, nothing made.</summary>
public sealed class SftpRefusalTests
{
    private const string SomeKey = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    private const string Secret = "hunter2hunter2";

    private static readonly ObjectName Name = new("packs/ab/one");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_whose_key_is_not_pinned_is_not_spoken_to_and_its_key_is_shown()
    {
        var server = await TestServers.SshAsync();
        var error = await PutAsync($"sftp://{server.Authority}{server.CreateFolder()}?identityfile={server.KeyFile}");

        Assert.Equal(FaultCodes.TargetUntrusted, error.Code);
        Assert.Contains(server.HostKey, error.Message, StringComparison.Ordinal);
        Assert.Contains($"-HostKey {server.HostKey}", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_shows_another_key_than_the_pinned_one_is_not_spoken_to()
    {
        var server = await TestServers.SshAsync();
        var folder = server.CreateFolder();
        var error = await PutAsync($"sftp://{server.Authority}{folder}?hostkey={SomeKey}&identityfile={server.KeyFile}");

        Assert.Equal(FaultCodes.TargetUntrusted, error.Code);
        Assert.Contains($"{server.HostKey} (ssh-ed25519) instead of the pinned {SomeKey}", error.Message, StringComparison.Ordinal);
        await using var target = SftpPlace.Open($"sftp://{server.Authority}{folder}?hostkey={SomeKey},{server.HostKey}&identityfile={server.KeyFile}");
        Assert.Empty(await target.ListAsync("", Cancel).ToListAsync(Cancel));
    }

    /// <summary>Before its key is proved, whoever answers is a stranger; and what is shown is read by a terminal.</summary>
    [Fact]
    public async Task The_words_of_whoever_hangs_up_are_not_shown()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var stranger = Task.Run(
            async () =>
            {
                using var client = await listener.AcceptTcpClientAsync(Cancel);
                await using var line = client.GetStream();
                await line.WriteAsync("SSH-2.0-x\r\n"u8.ToArray(), Cancel);
                var words = "call home \u001b[2J"u8.ToArray();
                // SSH_MSG_DISCONNECT, TOO_MANY_CONNECTIONS, in a packet that nothing protects yet.
                byte[] payload = [1, 0, 0, 0, 12, 0, 0, 0, (byte)words.Length, .. words, 0, 0, 0, 0];
                var padding = 16 - ((5 + payload.Length) % 8);
                await line.WriteAsync((byte[])[0, 0, 0, (byte)(1 + payload.Length + padding), (byte)padding, .. payload, .. new byte[padding]], Cancel);
                while (await line.ReadAsync(new byte[4096], Cancel) > 0)
                {
                }
            },
            Cancel);

        var error = await PutAsync($"sftp://user@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/x?hostkey={SomeKey}&identityfile={(await TestServers.SshAsync()).KeyFile}");

        Assert.Equal(FaultCodes.TargetUnavailable, error.Code);
        Assert.DoesNotContain("call home", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("(TooManyConnections)", error.Message, StringComparison.Ordinal);
        await stranger;
    }

    [Fact]
    public async Task A_key_that_the_server_does_not_know_is_rejected()
    {
        var server = await TestServers.SshAsync();

        Assert.Equal(FaultCodes.TargetKeyRejected, (await PutAsync(server.AddressOf(server.CreateFolder(), server.StrangerKeyFile))).Code);
    }

    [Fact]
    public async Task A_wrong_password_is_rejected_and_not_shown_and_the_right_one_is_taken()
    {
        var server = await TestServers.PasswordSshAsync();
        using var right = TargetCredential.Of(server.User, server.Password, "of the test");
        using var wrong = TargetCredential.Of(server.User, Secret, "of the test");

        var error = await PutAsync(server.SftpAddress, wrong);
        Assert.Equal(FaultCodes.TargetKeyRejected, error.Code);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        await using var target = SftpPlace.Open(server.SftpAddress, right);
        await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);
        Assert.Equal(1, (await target.StatAsync(Name, Cancel))!.LengthBytes);
    }

    [Fact]
    public async Task A_key_file_opens_with_its_passphrase_alone()
    {
        var server = await TestServers.SshAsync();
        var address = server.AddressOf(server.CreateFolder(), server.LockedKeyFile);
        using var right = TargetCredential.Of(null, server.Passphrase, "of the test");
        using var wrong = TargetCredential.Of(null, Secret, "of the test");

        Assert.Equal(FaultCodes.CredentialMissing, Assert.Throws<RequestException>(() => SftpPlace.Open(address)).Code);
        var error = Assert.Throws<RequestException>(() => SftpPlace.Open(address, wrong));
        Assert.Equal(FaultCodes.CredentialNotUsable, error.Code);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        await using var target = SftpPlace.Open(address, right);
        Assert.Empty(await target.ListAsync("", Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task A_user_who_may_only_read_is_told_which_right_is_missing()
    {
        var server = await TestServers.SshAsync();
        var folder = server.CreateFolder();
        var error = await PutAsync(server.AddressOf(folder, server.ReaderKeyFile));

        Assert.Equal(FaultCodes.TargetAccessDenied, error.Code);
        Assert.Contains("right to read and write", error.Remedy, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    /// <summary>OpenSSH refuses single requests by name, which holds for the superuser too.</summary>
    [Fact]
    public async Task A_folder_that_may_not_be_listed_is_said_and_not_taken_for_an_empty_one()
    {
        var server = await TestServers.SshAsync();
        await using var target = SftpPlace.Open(server.AddressOf(server.CreateFolder(), server.BlindKeyFile));

        var error = await Assert.ThrowsAsync<TargetException>(() => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask());

        Assert.Equal(FaultCodes.TargetAccessDenied, error.Code);
        Assert.Contains("right to read and write", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_folder_is_not_made()
    {
        var server = await TestServers.SshAsync();
        var folder = server.CreateFolder();
        Directory.Delete(folder);

        Assert.Equal(FaultCodes.TargetPlaceMissing, (await PutAsync(server.AddressOf(folder))).Code);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_full_disk_is_said_and_leaves_nothing()
    {
        var server = await TestServers.SshAsync();
        using var disk = TestMount.Tmpfs("256k");
        await using var target = SftpPlace.Open(server.AddressOf(disk.FullPath));

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream(new byte[400_000]), PutOptions.Default, Cancel));

        Assert.Equal(FaultCodes.TargetQuotaExceeded, error.Code);
        Assert.Empty(Directory.EnumerateFiles(disk.FullPath, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(14)]
    [InlineData(15)]
    public void A_quota_that_a_server_has_a_word_for_is_one(int status)
    {
        var settings = SftpSettings.From(new TargetSettings { Address = TargetUri.Parse($"sftp://u@nas/x?hostkey={SomeKey}") }, TimeSpan.FromSeconds(1));

        Assert.Equal(TargetFault.QuotaExceeded, SftpFaults.From(new SftpException((StatusCode)status), "It cannot be stored", settings, "of the test")?.Fault);
    }

    [Fact]
    public async Task A_put_that_fails_though_there_is_room_names_the_quota()
    {
        var server = await TestServers.SshAsync();
        using var disk = TestMount.Tmpfs("1m,nr_inodes=5");
        await using var target = SftpPlace.Open(server.AddressOf(disk.FullPath));
        await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(new ObjectName("packs/ab/two"), new MemoryStream([1]), PutOptions.Default, Cancel));

        Assert.Equal((FaultCodes.TargetUnavailable, true), (error.Code, error.IsTransient));
        Assert.Contains("quota", error.Remedy, StringComparison.Ordinal);
        Assert.Equal([Name], await target.ListAsync("", Cancel).Select(static stat => stat.Name).ToListAsync(Cancel));
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_told_from_the_server()
    {
        var server = await TestServers.SshAsync();
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var refusing = Task.Run(
            async () =>
            {
                using var client = await proxy.AcceptTcpClientAsync(Cancel);
                await using var stream = client.GetStream();
                _ = await stream.ReadAsync(new byte[4096], Cancel);
                await stream.WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Cancel);
            },
            Cancel);

        var error = await PutAsync($"{server.AddressOf(server.CreateFolder())}&proxy={proxy.LocalEndpoint}");
        await refusing;

        Assert.Equal(FaultCodes.TargetProxyRefused, error.Code);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable()
    {
        using var credential = TargetCredential.Of("x", Secret, "of the test");

        Assert.Equal(TargetFault.Unavailable, (await PutAsync($"sftp://x@127.0.0.1:{ServerProcess.FreePort()}/srv/x?hostkey={SomeKey}", credential)).Fault);
    }

    [Theory]
    [InlineData("sftp://x@host/srv?colour=red")]
    [InlineData("sftp://x@host/srv?hostkey=MD5:00:11")]
    [InlineData("sftp://x@host/srv?hostkey=SHA256:short")]
    [InlineData("sftp://x@host/srv?parallel=17")]
    [InlineData("sftp://x@host/srv?proxy=ftp://host:1")]
    [InlineData("sftp://x@host/srv?identityfile=/no/such/key")]
    public void A_setting_that_is_none_is_refused(string address)
    {
        using var credential = TargetCredential.Of(null, Secret, "of the test");

        Assert.Equal(FaultCodes.TargetOptionInvalid, Assert.Throws<RequestException>(() => SftpPlace.Open(address, credential)).Code);
    }

    [Theory]
    [InlineData("sftp://host/srv")]
    [InlineData("sftp://x@host/srv")]
    public void What_is_missing_to_the_login_is_said(string address) =>
        Assert.Equal(FaultCodes.CredentialMissing, Assert.Throws<RequestException>(() => SftpPlace.Open(address)).Code);

    private static async Task<TargetException> PutAsync(string address, TargetCredential? credential = null)
    {
        await using var target = SftpPlace.Open(address, credential);
        return await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel));
    }
}
