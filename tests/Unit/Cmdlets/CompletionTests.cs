namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class CompletionTests : IDisposable
{
    private const string Prepare = """
        function Complete([string] $Text) { @((TabExpansion2 $Text $Text.Length).CompletionMatches) }
        $null = New-BackupVault ./vault
        $crm = Start-CustomerBackup ./crm -Vault ./vault -Tag weekly, 'two words'
        $mail = Start-CustomerBackup ./mail -Vault ./vault -Tag weekly

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Names_come_from_the_vault_that_is_named_or_connected()
    {
        var lines = await _place.LinesAsync(Prepare + """
            (Complete 'Restore-CustomerBackup -Vault ./vault -Snapshot ').CompletionText -join ' ' -eq "$($mail.Id.Substring(0, 12)) $($crm.Id.Substring(0, 12))"
            (Complete 'Restore-CustomerBackup -Vault ./vault -Snapshot ')[0].ToolTip -match '^mail, .* 1 files'
            (Complete 'Get-CustomerBackup -Vault ./vault -DataSet c').CompletionText
            (Complete 'Get-CustomerBackup -Vault ./vault -Tag ').CompletionText -join ' '
            $null = Connect-BackupVault ./vault
            (Complete 'Test-CustomerBackup -DataSet ').CompletionText -join ' '
            """);
        Assert.Equal(["True", "True", "crm", "'two words' weekly", "crm mail"], lines);
    }

    [Fact]
    public async Task Where_nothing_can_be_known_nothing_is_offered_and_nobody_is_asked()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $count = $Error.Count
            @((Complete 'Get-CustomerBackup -Vault ./crm -DataSet ').Where({ $_.ResultType -eq 'ParameterValue' })).Count
            $env:SECUREBACKUP_PASSPHRASE = $null
            @((Complete 'Get-CustomerBackup -Vault ./vault -DataSet ').Where({ $_.ResultType -eq 'ParameterValue' })).Count
            @((Complete 'Get-CustomerBackup -DataSet ').Where({ $_.ResultType -eq 'ParameterValue' })).Count
            """);
        Assert.Equal(["0", "0", "0"], lines);
    }
}
