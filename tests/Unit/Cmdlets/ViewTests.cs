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
