using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class NewBackupVaultTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_vault_is_made_and_shown_and_flows_on_by_pipeline()
    {
        var lines = await _place.LinesAsync("""
            $vault = New-BackupVault ./vault
            $vault.Path
            $vault.Id.Length
            $vault.Role
            ($vault | Get-BackupVault).Id -eq $vault.Id
            ($vault | Connect-BackupVault).IsConnected
            (Get-BackupVault).Path
            """);
        Assert.Equal([_place["vault"], "64", "Owner", "True", "True", _place["vault"]], lines);
    }

    [Fact]
    public async Task A_key_file_alone_opens_a_vault_that_has_no_passphrase()
    {
        _place.Environment["SECUREBACKUP_PASSPHRASE"] = null;
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault -KeyFile ./owner.key
            (Connect-BackupVault ./vault -KeyFile ./owner.key).Role
            """);
        Assert.Equal(["Owner"], lines);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_place["owner.key"]));
        }
    }

    [Fact]
    public async Task WhatIf_makes_nothing()
    {
        var before = _place.Picture();
        var lines = await _place.LinesAsync("New-BackupVault ./vault -KeyFile ./owner.key -WhatIf");
        Assert.Contains(lines, line => line.StartsWith("What if:", StringComparison.Ordinal) && line.Contains("vault", StringComparison.Ordinal));
        Assert.Equal(before, _place.Picture());
    }

    [Fact]
    public async Task WhatIf_promises_no_vault_where_there_can_be_none()
    {
        _place.Write("full/of/things.txt", "x");
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            Get-ErrorId { New-BackupVault ./vault -WhatIf }
            Get-ErrorId { New-BackupVault ./full -WhatIf }
            """);
        Assert.Equal([$"{FaultCodes.VaultExists}", $"{FaultCodes.TargetNotEmpty}"], lines);
    }

    [Fact]
    public async Task What_cannot_become_a_vault_is_said()
    {
        _place.Write("full/of/things.txt", "x");
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            Get-ErrorId { New-BackupVault ./vault }
            Get-ErrorId { New-BackupVault ./full }
            Get-ErrorId { New-BackupVault ./other -KeyFile ./crm/customers.csv }
            Get-ErrorId { New-BackupVault ./other -Passphrase ([securestring]::new()) }
            Get-ErrorId { New-BackupVault env:vault }
            """);
        Assert.Equal(
            [
                $"{FaultCodes.VaultExists}", $"{FaultCodes.TargetNotEmpty}", $"{FaultCodes.KeyFileExists}", $"{FaultCodes.EmptyPassphrase}",
                $"{FaultCodes.NotAFileSystemPath}",
            ],
            lines);
    }

    [Fact]
    public async Task Nobody_is_asked_where_nobody_is()
    {
        _place.Environment["SECUREBACKUP_PASSPHRASE"] = null;
        var lines = await _place.LinesAsync("Get-ErrorId { New-BackupVault ./vault }; [IO.Directory]::Exists('./vault')");
        Assert.Equal([$"{FaultCodes.NoKeyGiven}", "False"], lines);
    }
}
