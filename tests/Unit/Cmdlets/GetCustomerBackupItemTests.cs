using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class GetCustomerBackupItemTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Snapshots_are_browsed_like_folders_and_searched_by_name()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm, ./mail -DataSet shop
            function Show($Items) { @($Items).ForEach({ $_.Path }) -join ' ' }
            'roots: ' + (Show (Get-CustomerBackupItem))
            'folder: ' + (Show (Get-CustomerBackupItem crm))
            'below: ' + (Show (Get-CustomerBackupItem crm/notes -Recurse))
            'file: ' + (Show (Get-CustomerBackupItem ./crm/customers.csv))
            'name: ' + (Show (Get-CustomerBackupItem *.MBOX))
            'path: ' + (Show (Get-CustomerBackupItem crm/*.txt))
            'folder by name: ' + (Show (Get-CustomerBackupItem note* -Recurse))
            'two: ' + (Show (Get-CustomerBackupItem crm/customers.csv, mail))
            'all: ' + @(Get-CustomerBackupItem -Recurse).Count
            'no match: ' + (Show (Get-CustomerBackupItem *.nothing))
            """);
        Assert.Equal(
            [
                "roots: crm mail", "folder: crm/customers.csv crm/notes", "below: crm/notes/odd [1].txt crm/notes/today.txt", "file: crm/customers.csv",
                "name: mail/inbox.mbox", "path: crm/notes/odd [1].txt crm/notes/today.txt",
                "folder by name: crm/notes crm/notes/odd [1].txt crm/notes/today.txt", "two: crm/customers.csv mail/inbox.mbox", "all: 7", "no match: ",
            ],
            lines);
    }

    [Fact]
    public async Task All_versions_of_a_file_are_found_and_each_tells_its_snapshot()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $first = Start-CustomerBackup ./crm
            [IO.File]::AppendAllText("$PWD/crm/customers.csv", "3;Cy`n")
            $second = Start-CustomerBackup ./crm
            $versions = @(Get-CustomerBackupItem crm/customers.csv -All)
            "$($versions.Count) $($versions[0].Snapshot -eq $second.Id) $($versions[0].SizeBytes - $versions[1].SizeBytes) $($versions[1].Kind)"
            @($first | Get-CustomerBackupItem crm/customers.csv)[0].Snapshot -eq $first.Id
            @(Get-CustomerBackupItem crm/customers.csv -Snapshot $second.Id.Substring(0, 12)).Count
            """);
        Assert.Equal(["2 True 5 File", "True", "1"], lines);
    }

    [Fact]
    public async Task A_path_that_exists_in_no_snapshot_is_an_error_that_stops_nothing()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            Get-ErrorId { Get-CustomerBackupItem crm }
            $null = Start-CustomerBackup ./crm
            Get-ErrorId { Get-CustomerBackupItem crm/none.txt -All }
            @(Get-CustomerBackupItem crm/none.txt, crm/customers.csv -ErrorAction SilentlyContinue).Name
            $null = Start-CustomerBackup ./mail
            Get-ErrorId { Get-CustomerBackupItem }
            """);
        Assert.Equal([$"{FaultCodes.NoSnapshotFound}", $"{FaultCodes.PathInNoSnapshot}", "customers.csv", $"{FaultCodes.DataSetNotNamed}"], lines);
    }

    [Fact]
    public async Task A_reader_that_wants_no_more_ends_the_search()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            function Get-First { param([Parameter(ValueFromPipeline)] $Item) process { $Item.Path; break } }
            foreach ($once in 1) { Get-CustomerBackupItem -Recurse | Get-First }
            @(Get-CustomerBackupItem -Recurse).Count
            """);
        Assert.Equal(["crm", "5"], lines);
    }
}
