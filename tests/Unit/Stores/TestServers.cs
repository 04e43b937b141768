using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

[assembly: AssemblyFixture(typeof(TestServers))]

namespace SecureBackup.Tests.Unit.Stores;

/// <summary>The real servers of this run: each is started once, by the first test that wants it, and ended when all tests have run.</summary>
public sealed class TestServers : IAsyncDisposable
{
    /// <summary>Set where every server must be there: a test that would be skipped fails.</summary>
    private const string RequireVariable = "SECUREBACKUP_REQUIRE_SERVERS";

    private static readonly Lazy<Task<CephServer>> Ceph = new(CephServer.StartAsync);
    private static readonly Lazy<Task<SshServer>> Ssh = new(static () => SshServer.StartAsync());
    private static readonly Lazy<Task<RcloneServer>> PasswordSsh = new(static () => RcloneServer.StartAsync("sftp"));
    private static readonly Lazy<Task<RcloneServer>> RcloneDav = new(static () => RcloneServer.StartAsync("webdav"));
    private static readonly Lazy<Task<ApacheDav>> Apache = new(ApacheDav.StartAsync);
    private static readonly Lazy<Task<AzuriteServer>> Azurite = new(static () => AzuriteServer.StartAsync());

    /// <summary>Skips the test where it is not installed.</summary>
    public static Task<CephServer> CephAsync()
    {
        RequireInstalled("Ceph", CephServer.MissingPrograms, CephServer.Install);
        return Ceph.Value;
    }

    public static Task<SshServer> SshAsync()
    {
        RequireInstalled("OpenSSH", SshServer.MissingPrograms, SshServer.Install);
        return Ssh.Value;
    }

    /// <inheritdoc cref="OwnCephAsync"/>
    public static Task<SshServer> OwnSshAsync(bool hasQuickLogins = false)
    {
        RequireInstalled("OpenSSH", SshServer.MissingPrograms, SshServer.Install);
        return SshServer.StartAsync(hasQuickLogins);
    }

    /// <summary>OpenSSH takes passwords of the machine's users alone.</summary>
    public static Task<RcloneServer> PasswordSshAsync()
    {
        RequireInstalled("rclone", RcloneServer.MissingPrograms, RcloneServer.Install);
        return PasswordSsh.Value;
    }

    public static Task<RcloneServer> RcloneDavAsync()
    {
        RequireInstalled("rclone", RcloneServer.MissingPrograms, RcloneServer.Install);
        return RcloneDav.Value;
    }

    public static Task<ApacheDav> ApacheAsync()
    {
        RequireInstalled("Apache", ApacheDav.MissingPrograms, ApacheDav.Install);
        return Apache.Value;
    }

    /// <inheritdoc cref="OwnCephAsync"/>
    public static Task<ApacheDav> OwnApacheAsync()
    {
        RequireInstalled("Apache", ApacheDav.MissingPrograms, ApacheDav.Install);
        return ApacheDav.StartAsync();
    }

    /// <summary>For a test that may cost the server its life; the test ends it.</summary>
    public static Task<CephServer> OwnCephAsync()
    {
        RequireInstalled("Ceph", CephServer.MissingPrograms, CephServer.Install);
        return CephServer.StartAsync();
    }

    /// <inheritdoc cref="CephAsync"/>
    public static Task<AzuriteServer> AzuriteAsync()
    {
        RequireInstalled("Azurite", AzuriteServer.MissingPrograms, AzuriteServer.Install);
        return Azurite.Value;
    }

    /// <inheritdoc cref="OwnCephAsync"/>
    public static Task<AzuriteServer> OwnAzuriteAsync()
    {
        RequireInstalled("Azurite", AzuriteServer.MissingPrograms, AzuriteServer.Install);
        return AzuriteServer.StartAsync();
    }

    /// <summary>For a test that asks so much that it waits for no disk; the test ends it.</summary>
    public static Task<AzuriteServer> QuickAzuriteAsync()
    {
        RequireInstalled("Azurite", AzuriteServer.MissingPrograms, AzuriteServer.Install);
        return AzuriteServer.StartAsync(isInMemory: true);
    }

    /// <summary>For a test whose client it is. Skips the test where it is not installed.</summary>
    public static void RequireRclone() => RequireInstalled("rclone", ServerProcess.Missing("rclone"), "apt-get install rclone");

    public async ValueTask DisposeAsync()
    {
        if (Ceph.IsValueCreated)
        {
            await (await Ceph.Value).DisposeAsync();
        }

        if (Ssh.IsValueCreated)
        {
            await (await Ssh.Value).DisposeAsync();
        }

        foreach (var rclone in new[] { PasswordSsh, RcloneDav })
        {
            if (rclone.IsValueCreated)
            {
                await (await rclone.Value).DisposeAsync();
            }
        }

        if (Apache.IsValueCreated)
        {
            await (await Apache.Value).DisposeAsync();
        }

        if (Azurite.IsValueCreated)
        {
            await (await Azurite.Value).DisposeAsync();
        }
    }

    private static void RequireInstalled(string server, IReadOnlyList<string> missing, string install)
    {
        if (missing.Count > 0 && Environment.GetEnvironmentVariable(RequireVariable) is "1")
        {
            Assert.Fail($"{server} is required and not installed: {string.Join(", ", missing)} ({install}).");
        }

        Assert.SkipWhen(missing.Count > 0, $"{server} is not installed: {install}.");
    }
}
