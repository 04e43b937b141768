using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class RestoreCustomerBackupTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task The_newest_snapshot_comes_back_byte_for_byte()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $backup = Start-CustomerBackup ./crm, ./mail -DataSet shop
            $report = Restore-CustomerBackup -Destination ./back
            "$($report.FileCount) $($report.FaultCount) $($report.ExitCode) $($report.Snapshot -eq $backup.Id)"
            """);
        Assert.Equal(["4 0 0 True"], lines);
        foreach (var file in new[] { "crm/customers.csv", "crm/notes/odd [1].txt", "crm/notes/today.txt", "mail/inbox.mbox" })
        {
            Assert.Equal(File.ReadAllBytes(_place[file]), File.ReadAllBytes(_place["back/" + file]));
            Assert.Equal(File.GetLastWriteTimeUtc(_place[file]), File.GetLastWriteTimeUtc(_place["back/" + file]));
        }
    }

    [Fact]
    public async Task Snapshots_and_items_flow_in_by_pipeline_with_their_vault()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $null = Start-CustomerBackup ./crm -Vault ./vault
            (Get-CustomerBackup -Vault ./vault -Latest | Restore-CustomerBackup -Destination ./by-snapshot).FileCount
            (Get-CustomerBackupItem -Vault ./vault -Path 'odd*', 'customers*' | Restore-CustomerBackup -Destination ./by-item).FileCount
            (Restore-CustomerBackup -Vault ./vault -Include crm/notes/ -Destination ./by-pattern).FileCount
            [IO.File]::Exists("$PWD/by-item/crm/notes/odd [1].txt")
            [IO.File]::Exists("$PWD/by-item/crm/notes/today.txt")
            """);
        Assert.Equal(["3", "2", "2", "True", "False"], lines);
    }

    [Fact]
    public async Task A_snapshot_that_is_given_as_an_object_brings_its_vault()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault/
            $snapshot = Start-CustomerBackup ./crm -Vault ./vault/
            $snapshot.Vault -eq "$PWD/vault"
            (Restore-CustomerBackup $snapshot -Destination ./back).FileCount
            @(Get-CustomerBackupItem -Snapshot $snapshot -Path 'crm/notes/odd [1].txt').Count
            @(Test-CustomerBackup $snapshot, $snapshot).Count
            Get-ErrorId { Restore-CustomerBackup $snapshot.Id -Destination ./other }
            """);
        Assert.Equal(["True", "3", "1", "1", $"{FaultCodes.NoVaultGiven}"], lines);
    }

    [Fact]
    public async Task A_time_names_the_newest_snapshot_before_it()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $first = Start-CustomerBackup ./crm
            [IO.File]::AppendAllText("$PWD/crm/customers.csv", "3;Cy`n")
            $second = Start-CustomerBackup ./crm
            (Restore-CustomerBackup -AsOf $first.Started -Destination ./then).Snapshot -eq $first.Id
            (Restore-CustomerBackup -DataSet crm -Destination ./now).Snapshot -eq $second.Id
            Get-ErrorId { Restore-CustomerBackup -AsOf 2001-01-01 -Destination ./never }
            [IO.Directory]::Exists("$PWD/never")
            """);
        Assert.Equal(["True", "True", $"{FaultCodes.NoSnapshotFound}", "False"], lines);
        Assert.DoesNotContain("Cy", File.ReadAllText(_place["then/crm/customers.csv"]), StringComparison.Ordinal);
        Assert.Contains("Cy", File.ReadAllText(_place["now/crm/customers.csv"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Never", "mine", false)]
    [InlineData("IfNewer", "mine", false)]
    [InlineData("IfDifferent", "id;name\n1;Ada\n2;Bo\n", true)]
    [InlineData("Always", "id;name\n1;Ada\n2;Bo\n", true)]
    public async Task What_is_there_is_treated_as_Overwrite_says(string policy, string expected, bool isReplaced)
    {
        _place.Write("back/crm/customers.csv", "mine");
        _place.Write("back/crm/own.txt", "not in the snapshot");
        var lines = await _place.LinesAsync($$"""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            Get-ErrorId { Restore-CustomerBackup -Destination ./back }
            [IO.File]::SetLastWriteTimeUtc("$PWD/back/crm/customers.csv", [DateTime]::UtcNow.AddDays(1))
            $report = Restore-CustomerBackup -Destination ./back -Overwrite {{policy}}
            "$($report.SkippedCount) $($report.FaultCount)"
            """);
        Assert.Equal([$"{FaultCodes.DestinationNotEmpty}", isReplaced ? "0 0" : "1 0"], lines);
        Assert.Equal(expected, File.ReadAllText(_place["back/crm/customers.csv"]));
        Assert.Equal("not in the snapshot", File.ReadAllText(_place["back/crm/own.txt"]));
        Assert.True(File.Exists(_place["back/crm/notes/today.txt"]));
    }

    [Fact]
    public async Task WhatIf_writes_nothing()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault; $null = Start-CustomerBackup ./crm -Vault ./vault");

        // What the host remembers of a vault that it looked at is its own.
        IEnumerable<string> Picture() => _place.Picture().Where(line => !line.StartsWith(_place["cache"], StringComparison.Ordinal));
        var before = Picture().ToList();
        await _place.LinesAsync("Restore-CustomerBackup -Vault ./vault -Destination ./back -WhatIf");
        await _place.LinesAsync("Restore-CustomerBackup -Vault ./vault -InPlace -WhatIf");
        Assert.Equal(before, Picture());
    }

    [Fact]
    public async Task Bad_requests_are_said_before_anything_is_written()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            Get-ErrorId { Restore-CustomerBackup -Destination ./vault/inside }
            Get-ErrorId { Restore-CustomerBackup -Destination ./vault -Overwrite Always }
            Get-ErrorId { Restore-CustomerBackup -Destination ./crm/customers.csv }
            Get-ErrorId { Restore-CustomerBackup ffffffffffff -Destination ./back }
            Get-ErrorId { Restore-CustomerBackup -Include crm/none.txt -Destination ./back }
            $null = Start-CustomerBackup ./mail
            Get-ErrorId { Restore-CustomerBackup -Destination ./other }
            """);
        Assert.Equal(
            [
                $"{FaultCodes.DestinationInsideVault}", $"{FaultCodes.DestinationInsideVault}", $"{FaultCodes.DestinationNotAFolder}",
                $"{FaultCodes.NoSuchSnapshot}", $"{FaultCodes.NothingMatches}", $"{FaultCodes.DataSetNotNamed}",
            ],
            lines);
    }

    [Fact]
    public async Task A_link_does_not_hide_that_the_destination_lies_in_the_vault()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links there needs a right that accounts seldom have.");
        await _place.LinesAsync("$null = New-BackupVault ./vault; $null = Start-CustomerBackup ./crm -Vault ./vault");
        Directory.CreateSymbolicLink(_place["door"], _place["vault"]);
        var lines = await _place.LinesAsync("Get-ErrorId { Restore-CustomerBackup -Vault ./vault -Destination ./door/inside }");
        Assert.Equal([$"{FaultCodes.DestinationInsideVault}"], lines);
    }

    [Fact]
    public async Task WhatIf_says_what_a_restore_takes()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            $preflight = Restore-CustomerBackup -Destination ./back -WhatIf
            "$($preflight.FileCount) $($preflight.DirectoryCount) $($preflight.Fits) $($preflight.FaultCount) $($preflight.MissingEpochs.Count)"
            "$($preflight.ReadBytes -gt 0) $($preflight.NeededBytes -ge $preflight.WriteBytes) $($preflight.FreeBytes -gt 0) $($preflight.Spaces.Count)"
            [IO.Directory]::Exists("$PWD/back")
            """);
        Assert.Equal(["3 2 True 0 0", "True True True 1", "False"], lines.Where(line => !line.StartsWith("What if", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.StartsWith("What if: Restore the newest snapshot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task In_place_everything_goes_back_to_where_it_was()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm, ./mail -DataSet shop
            [IO.File]::WriteAllText("$PWD/crm/customers.csv", 'spoilt')
            [IO.File]::Delete("$PWD/mail/inbox.mbox")
            [IO.File]::WriteAllText("$PWD/crm/own.txt", 'not in the snapshot')
            $all = Restore-CustomerBackup -InPlace -PassThru
            $report = $all[-1]
            "$($report.FileCount) $($report.FaultCount) $($report.ExitCode)"
            foreach ($item in $all) { if ($item.Kind -eq 'File') { "$($item.Path) $($item.Verdict)" } }
            [IO.File]::Exists("$PWD/crm/own.txt")
            (Restore-CustomerBackup -InPlace).FetchedBytes
            """);
        Assert.Equal(
            ["2 0 0", "crm/customers.csv Restored", "crm/notes/odd [1].txt Unchanged", "crm/notes/today.txt Unchanged", "mail/inbox.mbox Restored", "True", "0"],
            [lines[0], .. lines.Skip(1).SkipLast(2).Order(StringComparer.Ordinal), .. lines.TakeLast(2)]);
        Assert.StartsWith("id;name", File.ReadAllText(_place["crm/customers.csv"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_that_contradict_themselves_are_refused()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            Get-ErrorId { Restore-CustomerBackup }
            Get-ErrorId { Restore-CustomerBackup -InPlace -Overwrite Always }
            """);
        Assert.Equal([$"{FaultCodes.DestinationNotGiven}", $"{FaultCodes.InPlaceWithOverwrite}"], lines);
    }
}
