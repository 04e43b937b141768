namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class ViewTests : IDisposable
{
    private const string Prepare = "$null = New-BackupVault ./vault | Connect-BackupVault; $null = Start-CustomerBackup ./crm -Tag paid, weekly;";

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Theory]
    [InlineData("Get-BackupVault", @"^Path\s+Id\s+Created\s+Connected\s+Role", @"vault\s+[0-9a-f]{12}\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+True\s+Owner")]
    [InlineData("Get-CustomerBackup", @"^Id\s+Time\s+DataSet\s+Files\s+Size\s+Stored\s+Faults\s+Verified\s+Outcome", @"^[0-9a-f]{12}\s+\d{4}-\S+ \S+\s+crm\s+3\s+\d+ B\s+\S+ KiB\s+0\s+Succeeded")]
    [InlineData("Get-CustomerBackupItem crm", @"^Mode\s+Modified\s+Size\s+Snapshot\s+Taken\s+Path", @"\d+ B\s+[0-9a-f]{12}\s+\S+ \S+\s+crm/customers\.csv")]
    [InlineData("Restore-CustomerBackup -Destination ./back", @"^Snapshot\s+DataSet\s+Files\s+Size\s+Skipped\s+Faults\s+Elapsed\s+Destination", @"crm\s+3\s+\d+ B\s+0\s+0\s+\S+ s\s+\S+back")]
    [InlineData("Test-CustomerBackup -ReadData", @"^Snapshot\s+Time\s+DataSet\s+Healthy\s+Read\s+Size\s+Complete\s+Faults", @"crm\s+True\s+\d+ of \d+\s+\S+ KiB\s+True\s+0")]
    public async Task Tables_show_what_matters_in_words_for_people(string command, string header, string row)
    {
        var lines = await _place.LinesAsync($"{Prepare} {command}");
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, header));
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, row));
    }

    [Theory]
    [InlineData("Remove-CustomerData 1 -Reason request -Confirm:$false", @"^Subject\s+State\s+Keys\s+DataSets\s+Held\s+Ledger\s+Certificate", @"^1\s+Erased\s+1\s+members")]
    [InlineData("Add-BackupLegalHold -DataSet crm -Reason audit -Owner finance", @"^Id\s+Scope\s+On\s+Since\s+Owner\s+Matter\s+Reason", @"^[0-9a-f]{12}\s+DataSet\s+crm\s+\d{4}-\S+ \S+\s+finance\s+audit")]
    [InlineData("Get-CustomerData 1", @"^Subject\s+DataSet\s+First\s+Last\s+Snapshots\s+Record", @"^1\s+members\s+\d{4}-\S+ \S+\s+\d{4}-\S+ \S+\s+1\s")]
    [InlineData("Export-CustomerData 1 ./out", @"^Subject\s+Records\s+DataSets\s+Size\s+Expires\s+Path", @"^1\s+1\s+members\s+\S+ \S*B\s+\d{4}-\S+.*out")]
    [InlineData("Get-BackupVaultMember", @"^Name\s+Id\s+Roles\s+DataSets\s+Reads\s+Revoked", @"^ann\s+[0-9a-f]{12}\s+")]
    [InlineData("Get-BackupVaultKey", @"^Id\s+Kind\s+Label\s+Created\s+Owner\s+In use", @"^[0-9a-f]+\s+passphrase\s+.*\d{4}-\S+ \S+\s+ann\s+")]
    [InlineData("$null = Add-BackupVaultMember bob Owner ./bob.key; $null = Set-BackupVault -OwnersNeeded 2 -Confirm:$false; $null = Update-BackupVaultKey -WarningAction SilentlyContinue; Get-BackupVaultChange", @"^ProposedBy\s+: ann$", @"^Signed\s+: .*ann")]
    [InlineData("Optimize-BackupVault", @"^Vault\s+Before\s+After\s+Condemned\s+Deleted\s+Compacted\s+NextDue\s+More", @"vault\s+\S+ \S*B\s+\S+ \S*B\s+")]
    [InlineData("Remove-CustomerBackup -DataSet crm -KeepLast 1 -WhatIf", @"^Action\s+Snapshot\s+DataSet\s+Started\s+Reasons", @"^Kept\s+[0-9a-f]{12}\s+crm\s+\d{4}-\S+ \S+\s+\S")]
    [InlineData("Compare-CustomerBackup -DataSet crm", @"^Change\s+Was\s+Is\s+Modified\s+Differs in\s+Path", @"^Added\s+.*crm/new\.txt")]
    [InlineData("Compare-CustomerBackup -DataSet crm -Summary", @"^DataSet\s+Added\s+Removed\s+Changed", @"^crm\s+1\s+0\s+")]
    [InlineData("Restore-CustomerBackup -DataSet crm -Destination ./back -PassThru", @"^Verdict\s+Fetched\s+Reused\s+Kind\s+Path", @"^Restored\s+.*File\s+crm/new\.txt")]
    [InlineData("Restore-CustomerBackup -DataSet crm -Destination ./back -WhatIf", @"^Snapshot\s+DataSet\s+Files\s+Read\s+Write\s+Needed\s+Free\s+Fits\s+Faults\s+Destination", @"^[0-9a-f]{12}\s+crm\s+4\s+.*True\s+0\s+\S*back")]
    public async Task Tables_of_customers_keys_and_upkeep_show_what_matters_too(string command, string header, string row)
    {
        var lines = await _place.LinesAsync($$"""
            $null = New-BackupVault ./vault -OwnerName ann | Connect-BackupVault
            $null = 1..2 | ForEach-Object { [pscustomobject]@{ Id = $_ } } | Start-CustomerBackup -DataSet members -SubjectProperty Id
            $null = Start-CustomerBackup ./crm
            [IO.File]::WriteAllText("$PWD/crm/new.txt", 'since')
            $null = Start-CustomerBackup ./crm
            {{command}}
            """);
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, header));
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, row));
    }

    [Fact]
    public async Task A_table_that_waits_for_its_last_row_is_shown_before_a_failure_ends_the_command()
    {
        var result = await _place.RunAsync("$ErrorActionPreference = 'Continue'; $null = New-BackupVault ./vault; Get-BackupVault ./vault; Get-BackupVault ./none");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(result.OutputLines, static line => line.StartsWith("Path ", StringComparison.Ordinal));
        Assert.Contains($"{SecureBackup.Engine.Faults.FaultCodes.TargetNotFound}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_writer_key_is_shown_as_a_list()
    {
        var lines = await _place.LinesAsync($"{Prepare} Export-BackupWriterKey ./w.key shop01");
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^DataSets\s+: all$"));
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "0.98 KiB")]
    [InlineData(2000, "1.95 KiB")]
    [InlineData(12_900_000, "12.3 MiB")]
    [InlineData(371_000_000_000, "346 GiB")]
    [InlineData(long.MaxValue, "8.00 EiB")]
    public async Task Sizes_have_three_digits(long bytes, string expected)
    {
        var lines = await _place.LinesAsync($"[cultureinfo]::CurrentCulture = 'en-US'; [SecureBackup.PowerShell.Output.Display]::Size({bytes})");
        Assert.Equal([expected], lines);
    }

    [Fact]
    public async Task Modes_are_shown_as_people_know_them()
    {
        var lines = await _place.LinesAsync("""
            foreach ($mode in 0x1ed, 0x9ed, 0x924, 0x3ff, $null) { '[' + [SecureBackup.PowerShell.Output.Display]::Mode($mode) + ']' }
            """);
        Assert.Equal(["[rwxr-xr-x]", "[rwsr-xr-x]", "[r-Sr--r--]", "[rwxrwxrwt]", "[]"], lines);
    }
}
