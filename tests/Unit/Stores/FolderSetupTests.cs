using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Setup;
using SecureBackup.Targets.Sftp;
using SecureBackup.Targets.WebDav;

namespace SecureBackup.Tests.Unit.Stores;

/// <summary>Places that are folders of a server: what is missing is made, once, and nothing else is touched.</summary>
public sealed class FolderSetupTests
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_missing_SFTP_folder_is_made_for_its_user_alone()
    {
        var server = await TestServers.SshAsync();
        var folder = Path.Combine(server.CreateFolder(), "shop/main");
        await using var setup = SftpSetupOf(server.AddressOf(folder));

        await MakeAsync(setup);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        }

        Assert.True(long.Parse(ValueOf(await setup.InspectAsync(Cancel), SetupItem.Room)!, System.Globalization.CultureInfo.InvariantCulture) > 0);
    }

    [Fact]
    public async Task A_missing_WebDAV_folder_is_made()
    {
        var server = await TestServers.ApacheAsync();
        var folder = $"{server.CreateFolder()}/shop/main";
        using var credential = TargetCredential.Of(server.User, server.Password, "of the test");
        var settings = new TargetSettings { Address = TargetUri.Parse($"davs://{server.SecureAuthority}/{folder}?ca={server.AuthorityFile}") };
        await using var setup = new WebDavSetup(DavSettings.From(settings, credential, Stall), TimeProvider.System);

        await MakeAsync(setup);

        Assert.True(Directory.Exists(Path.Join(server.Root, folder)));
        Assert.True(setup.Meter.Sample().Requests > 0);
    }

    [Fact]
    public async Task Who_may_only_read_makes_nothing()
    {
        var server = await TestServers.SshAsync();
        var folder = Path.Combine(server.CreateFolder(), "shop");
        await using var setup = SftpSetupOf(server.AddressOf(folder, server.ReaderKeyFile));
        var change = Assert.Single(await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel));

        Assert.Equal(TargetFault.AccessDenied, (await Assert.ThrowsAsync<TargetException>(() => setup.ApplyAsync(change, Cancel))).Fault);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_folder_that_others_could_read_is_not_left_at_its_place()
    {
        var server = await TestServers.SshAsync();
        var above = server.CreateFolder();
        await using var setup = SftpSetupOf(server.AddressOf(Path.Combine(above, "shop"), server.RightlessKeyFile));
        var change = Assert.Single(await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel));

        Assert.Equal(TargetFault.AccessDenied, (await Assert.ThrowsAsync<TargetException>(() => setup.ApplyAsync(change, Cancel))).Fault);

        Assert.Empty(Directory.EnumerateFileSystemEntries(above));
        Assert.Equal([change], await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel));
    }

    [Fact]
    public async Task Locks_are_no_wish_for_a_folder()
    {
        var server = await TestServers.SshAsync();
        await using var setup = SftpSetupOf(server.AddressOf(server.CreateFolder()));
        var facts = await setup.InspectAsync(Cancel);

        var error = await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(new SetupWishes { Lock = LockMode.Compliance }, facts, Cancel));

        Assert.Equal(FaultCodes.TargetOptionInvalid, error.Code);
        Assert.Equal(["delete", "overwrite"], await setup.FindRightsTooWideAsync(Cancel));
    }

    private static SftpSetup SftpSetupOf(string address)
    {
        var settings = SftpSettings.From(new TargetSettings { Address = TargetUri.Parse(address) }, Stall);
        return new SftpSetup(settings, new SftpLogin(settings, TargetCredential.None), TimeProvider.System);
    }

    private static async Task MakeAsync(TargetSetup setup)
    {
        var missing = await setup.InspectAsync(Cancel);
        Assert.Equal([new TargetFact(SetupItem.Place, FactState.Known, null)], missing);
        var change = Assert.Single(await setup.PlanAsync(new SetupWishes(), missing, Cancel));
        Assert.False(change.IsIrreversible);

        await setup.ApplyAsync(change, Cancel);

        var facts = await setup.InspectAsync(Cancel);
        Assert.NotNull(ValueOf(facts, SetupItem.Place));
        Assert.Empty(await setup.PlanAsync(new SetupWishes(), facts, Cancel));
    }

    private static string? ValueOf(IReadOnlyList<TargetFact> facts, string item) => Assert.Single(facts, fact => string.Equals(fact.Item, item, StringComparison.Ordinal)).Value;
}
