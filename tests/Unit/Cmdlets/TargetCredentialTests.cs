using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Where the credential of a registered target is kept, and that neither one that is needed is lost nor one that is not needed stays.</summary>
public sealed class TargetCredentialTests : IDisposable
{
    /// <summary>With the parameters of SecretManagement's cmdlets; it asks for what is mandatory there.</summary>
    public const string Vaults = """
        $kept = @{}
        $default = 'home'
        function Get-SecretVault { [CmdletBinding()] param([string] $Name) & $whenAsked; [pscustomobject]@{ Name = 'other'; IsDefault = $false }; [pscustomobject]@{ Name = $default; IsDefault = $true } }
        function Set-Secret { [CmdletBinding()] param([Parameter(Mandatory)][string] $Name, [Parameter(Mandatory)] $Secret, [string] $Vault) $kept["$($Vault ? $Vault : $default)/$Name"] = $Secret }
        function Get-Secret { [CmdletBinding()] param([Parameter(Mandatory)][string] $Name, [string] $Vault) $kept["$($Vault ? $Vault : $default)/$Name"] ?? $(throw "no $Name") }
        function Remove-Secret { [CmdletBinding()] param([Parameter(Mandatory)][string] $Name, [Parameter(Mandatory)][string] $Vault) if ($kept["$Vault/$Name"]) { $kept.Remove("$Vault/$Name") } else { throw "no $Name" } }
        $whenAsked = { }
        function Show { "[$([Linq.Enumerable]::Order([string[]] @($kept.Keys.ForEach({ "$_=$($kept[$_].UserName)" }))) -join ' ')]" }

        """;

    private const string Prepare = BackupVaultKeyTests.Secure + "\n" + Vaults + """
        function Login($user) { [pscredential]::new($user, (Secure 'hunter2hunter2')) }
        $common = @{ Uri = 's3://bucket/x?region=eu-central-1'; SkipTest = $true }
        $change = @{ Name = 'one'; SkipTest = $true }

        """;

    private readonly Workplace _place = new();

    public TargetCredentialTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_secret_is_kept_in_one_vault_and_taken_away_there()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Register-BackupTarget one @common -Credential (Login ada)
            $null = Register-BackupTarget two @common -Credential (Login bo) -SecretVault other
            Show
            $default = 'new'
            Unregister-BackupTarget one
            Unregister-BackupTarget two
            Show
            """);

        Assert.Equal(["[home/SecureBackup/one=ada other/SecureBackup/two=bo]", "[]"], lines);
    }

    [Fact]
    public async Task A_secret_that_stays_is_a_warning_and_its_target_goes()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Register-BackupTarget one @common -Credential (Login ada)
            $kept.Clear()
            Unregister-BackupTarget one -WarningVariable gone -WarningAction SilentlyContinue
            function Get-SecretVault { }
            $null = Register-BackupTarget two @common -Credential (Login bo)
            Unregister-BackupTarget two -WarningVariable unknown -WarningAction SilentlyContinue
            @(Get-BackupTarget).Count
            "$gone" -match "'SecureBackup/one' in the secret vault 'home' could not be taken away.*by hand"
            "$unknown" -match "'SecureBackup/two' could not be taken away.*by hand"
            """);

        Assert.Equal(["0", "True", "True"], lines);
    }

    [Fact]
    public async Task An_old_secret_goes_when_another_is_kept()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Register-BackupTarget one @common -Credential (Login ada)
            $null = Register-BackupTarget one @common -Credential (Login bo) -Force
            Show
            $null = Set-BackupTarget @change -Credential (Login cy) -SecretVault other
            Show
            $null = Set-BackupTarget @change -Credential (Login ed) -SecretVault OTHER
            Show
            $null = Register-BackupTarget one @common -CredentialVariable ID, SECRET -Force
            Show
            $null = Set-BackupTarget @change -Credential (Login di)
            $null = Set-BackupTarget @change -Identity auto
            Show
            """);

        Assert.Equal(["[home/SecureBackup/one=bo]", "[other/SecureBackup/one=cy]", "[other/SecureBackup/one=ed]", "[]", "[]"], lines);
    }

    [Fact]
    public async Task Of_two_that_register_a_name_the_second_changes_nothing()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $whenAsked = { $script:whenAsked = { }; $null = Register-BackupTarget one @common -Credential (Login first) }
            Get-ErrorId { Register-BackupTarget one @common -Credential (Login second) }
            Show
            """);

        Assert.Equal([$"{FaultCodes.TargetNameTaken}", "[home/SecureBackup/one=first]"], lines);
    }

    [Fact]
    public async Task What_cannot_be_saved_or_kept_leaves_the_target_as_it_was()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Register-BackupTarget one @common -Credential (Login ada)
            $whenAsked = { [IO.Directory]::Move("$PWD/config/targets", "$PWD/config/away"); [IO.File]::WriteAllText("$PWD/config/targets", '') }
            (Get-ErrorId { Set-BackupTarget @change -Credential (Login bo) }) -ne 'no error'
            Show
            [IO.File]::Delete("$PWD/config/targets")
            [IO.Directory]::Move("$PWD/config/away", "$PWD/config/targets")
            $whenAsked = { }
            function Set-Secret { [CmdletBinding()] param($Name, $Secret, $Vault) throw 'locked' }
            Get-ErrorId { Set-BackupTarget @change -Credential (Login bo) -ParallelTransfers 4 -SecretVault other }
            Show
            (Get-BackupTarget one).Options.Count
            """);

        Assert.Equal(["True", "[home/SecureBackup/one=ada]", $"{FaultCodes.CredentialNotStorable}", "[home/SecureBackup/one=ada]", "0"], lines);
    }

    [Fact]
    public async Task Settings_hold_no_secret_and_it_is_not_repeated()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Register-BackupTarget one @common
            $given = @{ Proxy = 'http://ada:hun/hunter2@proxy:3128' }, @{ Endpoint = 'https://ada:hunter2@s3.example.org' }, @{ Endpoint = 'https://s3.example.org/?sig=hunter2' }, @{ Option = @{ Secret_Key = 'hunter2' } }
            foreach ($settings in $given) {
                Get-ErrorId { Register-BackupTarget other s3://bucket/x -SkipTest @settings }
                Get-ErrorId { Set-BackupTarget @change @settings }
            }
            ($Error | ForEach-Object { "$_ $($_.Exception)" }) -match 'hunter2'
            [IO.Directory]::GetFiles("$PWD/config", '*', 'AllDirectories').ForEach({ [IO.File]::ReadAllText($_) }) -match 'hunter2'
            """);

        Assert.Equal(Enumerable.Repeat($"{FaultCodes.SecretInAddress}", 8), lines);
    }

    [Fact]
    public async Task What_was_found_out_is_forgotten_with_its_server_and_its_credential()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $found = @{ conditionalput = 'yes'; versioning = 'off'; writeonce = 'yes' }
            $null = Register-BackupTarget one 's3://bucket/x' -Endpoint https://s3.example.org -SkipTest -Option $found
            (Set-BackupTarget @change -Endpoint https://s3.example.org).Options.Keys -join ' '
            (Set-BackupTarget @change -CredentialVariable A, B).Options.Keys -join ' '
            (Set-BackupTarget @change -Endpoint https://other.example.org).Options.Keys -join ' '
            """);

        Assert.Equal(["conditionalput endpoint versioning writeonce", "conditionalput endpoint versioning", "endpoint"], lines);
    }

    [Fact]
    public async Task Switches_go_both_ways_and_what_would_be_ignored_is_refused()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $plain = Register-BackupTarget one 's3://bucket/x?endpoint=http://s3.example.org' -SkipTest -AllowPlainHttp
            $plain.Uri
            (Set-BackupTarget @change -AllowPlainHttp:$false).Options['allowplainhttp']
            Get-ErrorId { Set-BackupTarget @change -Clear colour }
            Get-ErrorId { Set-BackupTarget @change -SecretVault home }
            (Set-BackupTarget @change -Clear AllowPlainHttp).Options.Count
            """);

        Assert.Equal(
            [
                "s3://bucket/x?allowplainhttp=yes&endpoint=http://s3.example.org", "no", $"{FaultCodes.TargetOptionInvalid}", $"{FaultCodes.TargetOptionInvalid}", "0",
            ],
            lines);
    }
}
