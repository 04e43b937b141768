using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class CompareCustomerBackupTests : IDisposable
{
    private const string Prepare = """
        $null = New-BackupVault ./vault | Connect-BackupVault
        $first = Start-CustomerBackup ./crm -Tag first
        [IO.File]::AppendAllText("$PWD/crm/customers.csv", "3;Cy`n")
        [IO.File]::Delete("$PWD/crm/notes/today.txt")
        [IO.File]::WriteAllText("$PWD/crm/notes/new.txt", 'new')
        $second = Start-CustomerBackup ./crm
        function Show { process { "$($_.Change) $($_.Path) $($_.Aspects -notmatch 'Modified')".TrimEnd() } }

        """;

    private static readonly string[] Changes = ["Changed crm/customers.csv Content", "Changed crm/notes", "Added crm/notes/new.txt", "Removed crm/notes/today.txt"];

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("Compare-CustomerBackup")]
    [InlineData("Compare-CustomerBackup $second")]
    [InlineData("Compare-CustomerBackup $first, $second")]
    [InlineData("Compare-CustomerBackup $second.Id, $first.Id.Substring(0, 8)")]
    [InlineData("Get-CustomerBackup | Compare-CustomerBackup")]
    [InlineData("Compare-CustomerBackup $first -Disk")]
    [InlineData("Compare-CustomerBackup $first -Path ./crm -Content")]
    [InlineData("Compare-CustomerBackup -AsJob | Wait-Job | Receive-Job")]
    public async Task The_older_state_is_the_reference(string command)
    {
        var lines = await _place.LinesAsync($"{Prepare} {command} | Show");
        Assert.Equal(Changes, lines);
    }

    [Fact]
    public async Task Differences_carry_both_versions_and_bring_the_older_one_back()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $changed, $folder, $added, $removed = Compare-CustomerBackup
            "$($changed.ReferenceSizeBytes) $($changed.SizeBytes) $($changed.Kind) $($changed.Modified -gt $changed.ReferenceModified) $($changed.Snapshot -eq $first.Id)"
            "[$($added.ReferenceKind)] $($added.Kind) $($added.Snapshot -eq $second.Id) [$($removed.Kind)] $($removed.ReferenceSizeBytes)"
            (Compare-CustomerBackup | Where-Object Change -EQ Removed | Restore-CustomerBackup -Destination ./back).FileCount
            [IO.File]::ReadAllText("$PWD/back/crm/notes/today.txt").Trim()
            """);
        Assert.Equal(["19 24 File True True", "[] File True [] 15", "1", "Call Ada back."], lines);
    }

    [Fact]
    public async Task A_summary_counts_and_has_an_exit_code()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $report = Compare-CustomerBackup -Summary
            "$report; $($report.ExitCode) $($report.IsEqual) $($report.Reference -eq $first.Id) $($report.Difference -eq $second.Id)"
            "$((Compare-CustomerBackup -Disk -Content -Summary).ExitCode)"
            @(Compare-CustomerBackup -IncludeEqual).Count
            @(Compare-CustomerBackup -Include '*.txt' -Exclude today.txt).Path
            $verbose = Compare-CustomerBackup -Summary -Verbose 4>&1 | Where-Object { $_ -is [Management.Automation.VerboseRecord] }
            "$verbose" -match '1 added, 1 removed, 2 changed'
            $null = Restore-CustomerBackup -Destination ./back
            @(Compare-CustomerBackup -Path ./back -Content).Count
            """);
        Assert.Equal(
            ["1 added, 1 removed, 2 changed, 0 of another kind, 2 equal; 2 False True True", "0", "6", "crm/notes/new.txt", "True", "0"], lines);
    }

    [Fact]
    public async Task What_the_rules_left_out_is_no_difference()
    {
        _place.Write("crm/cache/one.tmp", "x");
        _place.Write("crm/.backupignore", "*.log\n");
        _place.Write("crm/today.log", "x");
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./crm/vault
            $null = Start-CustomerBackup ./crm -Vault ./crm/vault -Exclude cache/, vault/
            @(Compare-CustomerBackup -Vault ./crm/vault -Disk).Where({ $_.Kind -ne 'Directory' }).Path
            'compared'
            """);
        Assert.Equal(["compared"], lines);
    }

    [Fact]
    public async Task Bad_requests_are_said()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $null = New-BackupVault ./other
            $a = Start-CustomerBackup ./crm -Vault ./vault
            $b = Start-CustomerBackup ./crm -Vault ./other
            Get-ErrorId { Compare-CustomerBackup -Vault ./vault }
            Get-ErrorId { Compare-CustomerBackup $a, $b }
            Get-ErrorId { Compare-CustomerBackup $a.Id, 'ab', 'cd' -Vault ./vault }
            Get-ErrorId { Compare-CustomerBackup $a.Id, 'ab' -Vault ./vault -Disk }
            Get-ErrorId { Compare-CustomerBackup $a -Path ./none }
            Get-ErrorId { Compare-CustomerBackup $a -Content }
            """);
        Assert.Equal(
            [
                $"{FaultCodes.NothingToCompareWith}", $"{FaultCodes.SnapshotsOfTwoVaults}", $"{FaultCodes.TooManySnapshots}", $"{FaultCodes.TooManySnapshots}", $"{FaultCodes.SourceRootMissing}",
                "AmbiguousParameterSet",
            ],
            lines);
    }
}
