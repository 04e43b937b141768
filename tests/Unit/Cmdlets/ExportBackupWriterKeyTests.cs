using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class ExportBackupWriterKeyTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_writer_backs_up_and_lists_but_opens_nothing()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $writer = Export-BackupWriterKey -Vault ./vault -Path ./shop01.key -Name shop01 -DataSet crm
            "$($writer.Name) $($writer.DataSets) $($writer.MemberId.Length)"
            $env:SECUREBACKUP_KEYFILE = "$PWD/shop01.key"
            (Get-BackupVault ./vault | Connect-BackupVault).Role
            (Start-CustomerBackup ./crm).FileCount
            @(Get-CustomerBackup).Count
            'restore: ' + (Get-ErrorId { Restore-CustomerBackup -Destination ./back })
            'browse: ' + (Get-ErrorId { Get-CustomerBackupItem })
            'verify: ' + (Get-ErrorId { Test-CustomerBackup })
            'other data set: ' + (Get-ErrorId { Start-CustomerBackup ./mail })
            'own heir: ' + (Get-ErrorId { Export-BackupWriterKey -Path ./heir.key -Name heir })
            [IO.Directory]::Exists("$PWD/back")
            """);
        Assert.Equal(
            [
                "shop01 crm 64", "Writer", "3", "1", $"restore: {FaultCodes.NotAReader}", $"browse: {FaultCodes.NotAReader}", $"verify: {FaultCodes.NotAReader}",
                $"other data set: {FaultCodes.DataSetNotAllowed}", $"own heir: {FaultCodes.NotAnOwner}", "False",
            ],
            lines);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_place["shop01.key"]));
        }
    }

    [Fact]
    public async Task WhatIf_writes_nothing_and_a_file_that_exists_stays()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault");
        var before = _place.Picture();
        await _place.LinesAsync("Export-BackupWriterKey -Vault ./vault -Path ./w.key -Name w -WhatIf");
        Assert.Equal(before, _place.Picture());
        var lines = await _place.LinesAsync("Get-ErrorId { Export-BackupWriterKey -Vault ./vault -Path ./crm/customers.csv -Name w }");
        Assert.Equal([$"{FaultCodes.KeyFileExists}"], lines);
    }
}
