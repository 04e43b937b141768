using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Folders of SFTP and WebDAV servers that refuse, or are asked for what they cannot be.</summary>
public sealed class BadFolderTests : IDisposable
{
    private const string Secret = "hunter2hunter2";

    private readonly RefusalScene _scene = new();

    public BadFolderTests() => _scene.Secrets.Add(Secret);

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lock_archive_or_key_is_not_to_be_had_and_no_folder_is_made(bool isSftp)
    {
        var (place, folder) = isSftp ? await UseSshAsync() : await UseApacheAsync();
        Directory.Delete(folder);
        var refusals = await _scene.RunAsync($$"""
            $place = @{ Uri = '{{place}}'; ErrorAction = 'Stop' }
            Try-It { Initialize-BackupTarget @place -LockMode Governance }
            Try-It { Initialize-BackupTarget @place -LockMode Compliance -WhatIf }
            Try-It { Initialize-BackupTarget @place -LockMode Compliance -DefaultRetentionDays 7 -Irreversible -Confirm:$false }
            Try-It { Initialize-BackupTarget @place -ArchiveAfterDays 30 }
            """);

        Assert.Equal(4, refusals.Count);
        Assert.All(refusals, refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetOptionInvalid, $"{(isSftp ? "SFTP" : "WebDAV")} has neither locks nor archive classes nor keys of its own"));
        Assert.False(Directory.Exists(folder));
        _scene.AssertNothingKept();
    }

    [Fact]
    public async Task An_SFTP_user_who_may_not_write_or_not_list()
    {
        var server = await TestServers.SshAsync();
        var folder = server.CreateFolder();
        foreach (var (key, doing) in new[] { (server.ReaderKeyFile, "cannot be stored"), (server.BlindKeyFile, "cannot be listed") })
        {
            var refusals = await RefusalsAsync(server.AddressOf(folder, key));

            Assert.All(refusals, refusal => Assert.Equal(($"{FaultCodes.TargetAccessDenied}", "Give the user the right to read and write the folder and all below it."), (refusal.Code, refusal.Remedy)));
            Assert.All(refusals, refusal => Assert.Contains(doing, refusal.Message, StringComparison.Ordinal));
            Assert.Empty(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public async Task A_WebDAV_user_who_may_only_read()
    {
        var (place, folder) = await UseApacheAsync();
        _scene.Place.Environment["SECUREBACKUP_TARGET_USER"] = (await TestServers.ApacheAsync()).Reader;
        var refusals = await RefusalsAsync(place);

        // Apache asks whoever may not do it for another login.
        Assert.All(refusals, static refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetKeyRejected, "cannot be made"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(true, 403)]
    [InlineData(true, 407)]
    [InlineData(false, 403)]
    [InlineData(false, 407)]
    public async Task A_proxy_that_refuses(bool isSftp, int status)
    {
        await using var proxy = await RefusingProxy.StartAsync(status);
        var (place, folder) = isSftp ? await UseSshAsync() : await UseApacheAsync();
        var more = $"&proxy={proxy.Address.Authority}";
        var refusals = await RefusalsAsync(place + more);

        Assert.All(refusals, refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetProxyRefused, proxy.Address.Authority));
        Assert.True(proxy.Asked > 0);
        Assert.Equal(["Transport SB2017"], await _scene.FailedChecksAsync(place + more));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_address_that_is_none(bool isSftp)
    {
        var (place, folder) = isSftp ? await UseSshAsync() : await UseApacheAsync();
        var (scheme, longer) = (isSftp ? "sftp" : "davs", place.Replace("?", $"/{new string('p', 900)}?", StringComparison.Ordinal));
        var refusals = await _scene.RunAsync($$"""
            foreach ($cmdlet in { Register-BackupTarget shelf $args[0] }, { New-BackupVault $args[0] }, { Test-BackupTarget -Uri $args[0] -ErrorAction Stop }, { Initialize-BackupTarget -Uri $args[0] -ErrorAction Stop }) {
                Try-It { & $cmdlet '{{scheme}}://u:{{Secret}}@127.0.0.1/x' }
                Try-It { & $cmdlet '{{place}}&password={{Secret}}' }
                Try-It { & $cmdlet '{{place}}&colour=red' }
                Try-It { & $cmdlet '{{scheme}}://' }
                Try-It { & $cmdlet '{{longer}}' }
            }
            """);

        FaultCode[] each = [FaultCodes.SecretInAddress, FaultCodes.SecretInAddress, FaultCodes.TargetOptionInvalid, FaultCodes.TargetAddressInvalid, FaultCodes.TargetNameTooLong];
        Assert.Equal(Enumerable.Repeat(each, 4).SelectMany(static codes => codes).Select(static code => $"{code}"), refusals.Select(static refusal => refusal.Code));
        Assert.All(refusals, static refusal => Assert.NotEmpty(refusal.Remedy));
        _scene.AssertNothingKept();
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    private static async Task<(string Place, string Folder)> UseSshAsync()
    {
        var server = await TestServers.SshAsync();
        var folder = server.CreateFolder();
        return (server.AddressOf(folder), folder);
    }

    private async Task<(string Place, string Folder)> UseApacheAsync()
    {
        var server = await TestServers.ApacheAsync();
        var folder = server.CreateFolder();
        (_scene.Place.Environment["SECUREBACKUP_TARGET_USER"], _scene.Place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (server.User, server.Password);
        return ($"davs://{server.SecureAuthority}/{folder}?ca={server.AuthorityFile}", Path.Join(server.Root, folder));
    }

    private async Task<IReadOnlyList<Refusal>> RefusalsAsync(string place)
    {
        var refusals = await _scene.RunAsync($$"""
            Try-It { Register-BackupTarget shelf '{{place}}' }
            Try-It { New-BackupVault '{{place}}' }
            """);
        Assert.Equal(2, refusals.Count);
        _scene.AssertNothingKept();
        return refusals;
    }
}
