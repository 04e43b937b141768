namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class ProgressTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task The_last_report_always_comes_and_tells_bytes_and_files()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $runner = [powershell]::Create([initialsessionstate]::CreateDefault2())
            $null = $runner.AddScript({
                param($module, $place)
                Import-Module $module
                $null = Start-CustomerBackup -LiteralPath "$place/crm" -Vault "$place/vault"
            }).AddArgument($env:SECUREBACKUP_MODULE).AddArgument("$PWD")
            $null = $runner.Invoke()
            $records = @($runner.Streams.Progress.Where({ $_.Activity -eq 'Backing up crm' }))
            $records[-1].RecordType
            $records[-1].StatusDescription -match '^\d+ B.*, 3 files'
            $records[-2].RecordType
            """);
        Assert.Equal(["Completed", "True", "Processing"], lines);
    }
}
