using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>
/// "What each lost or stolen thing means, and what to type then" of docs/guide/keys.md: a test a row, with the commands of the page. In each, the
/// vault is open by passphrase, by <c>owner.key</c>, and by two of three sheets; <c>crm</c> is backed up; and the thief has copied what the row says.
/// </summary>
public sealed class LostAndStolenTests : IDisposable
{
    private const string Begin = BackupVaultKeyTests.Secure + """
        function Copy-Tree([string] $From, [string] $To) {
            foreach ($file in [IO.Directory]::EnumerateFiles($From, '*', 'AllDirectories')) {
                $copy = [IO.Path]::Combine($To, [IO.Path]::GetRelativePath($From, $file))
                $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($copy))
                [IO.File]::Copy($file, $copy, $true)
            }
        }
        $v = "$PWD/vault"
        $null = New-BackupVault $v -KeyFile ./owner.key -Passphrase (Secure $env:SECUREBACKUP_PASSPHRASE)
        $set = Export-BackupRecoveryShare -Vault $v -Path ./sheets -Threshold 2 -Count 3
        $null = Start-CustomerBackup ./crm -Vault $v
        function Open([string] $KeyFile, [string] $Vault = $v) { Get-ErrorId { Connect-BackupVault $Vault -KeyFile $KeyFile }; Get-BackupVault | Disconnect-BackupVault }
        function OpenByPassphrase { Get-ErrorId { Connect-BackupVault $v }; Get-BackupVault | Disconnect-BackupVault }

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Lost_passphrase_with_a_key_file() => await RunAsync(
        """
        $new = Add-BackupVaultKey -Vault $v -KeyFile owner.key -NewPassphrase (Secure 'found a better one') -Replace passphrase
        OpenByPassphrase
        $env:SECUREBACKUP_PASSPHRASE = 'found a better one'
        OpenByPassphrase
        (Restore-CustomerBackup -Vault $v -Destination ./back).FileCount
        """,
        $"{FaultCodes.WrongPassphrase}", "no error", "3");

    [Fact]
    public async Task Lost_key_file_with_the_passphrase() => await RunAsync(
        """
        [IO.File]::Move("$PWD/owner.key", "$PWD/found-by-somebody.key")
        $null = Add-BackupVaultKey -Vault $v -NewKeyFile new.key -Replace 'key file'
        Open ./found-by-somebody.key
        Open ./new.key
        """,
        $"{FaultCodes.NoSuchUnlocker}", "no error");

    [Fact]
    public async Task Lost_passphrase_and_key_file_with_enough_sheets() => await RunAsync(
        """
        $env:SECUREBACKUP_PASSPHRASE = $null
        [IO.File]::Delete("$PWD/owner.key")
        [IO.File]::Delete($set.Files[1])
        $null = Restore-BackupVaultKey -Vault $v -Path ./sheets/*.txt -NewPassphrase (Secure 'the new one')
        $env:SECUREBACKUP_PASSPHRASE = 'the new one'
        (Restore-CustomerBackup -Vault $v -Destination ./back).FileCount
        $lost = Get-BackupVaultKey -Vault $v | Where-Object { $_.Kind -ne 'shares' -and -not $_.IsInUse }
        $lost | Remove-BackupVaultKey -Confirm:$false
        @(Get-BackupVaultKey -Vault $v).Kind -join ' '
        """,
        "3", "shares passphrase");

    [Fact]
    public async Task Lost_sheets_while_another_key_is_there() => await RunAsync(
        """
        $set.Files[0, 1].ForEach({ [IO.File]::Delete($_) })
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path ./sheets/*.txt -NewKeyFile ./x.key }
        $new = Export-BackupRecoveryShare -Vault $v -Path ./new-sheets -Threshold 2 -Count 3 -Replace 'recovery shares'
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path $set.Files[2], $new.Files[2] -NewKeyFile ./x.key }
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path $new.Files[0, 2] -NewKeyFile ./x.key }
        """,
        $"{FaultCodes.TooFewShares}", $"{FaultCodes.SharesOfDifferentSets}", "no error");

    [Fact]
    public async Task Lost_everything_that_opens_it() => await RunAsync(
        """
        $env:SECUREBACKUP_PASSPHRASE = 'what was it'
        OpenByPassphrase
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path $set.Files[0] -NewKeyFile ./x.key }
        (Get-BackupVault $v).Role -eq $null
        """,
        $"{FaultCodes.WrongPassphrase}", $"{FaultCodes.TooFewShares}", "True");

    [Fact]
    public async Task Lost_writer_key() => await RunAsync(
        """
        $null = Export-BackupWriterKey -Vault $v -Path ./shop01.key -Name shop01
        [IO.File]::Delete("$PWD/shop01.key")
        $null = Export-BackupWriterKey -Vault $v -Path ./new.key -Name shop01b
        (Start-CustomerBackup ./crm -Vault $v -KeyFile ./new.key).FileCount
        """,
        "3");

    [Fact]
    public async Task Lost_cache_of_a_host() => await RunAsync(
        """
        [IO.Directory]::Delete($env:SECUREBACKUP_CACHE, $true)
        (Start-CustomerBackup ./crm -Vault $v).FileCount
        """,
        "3");

    [Fact]
    public async Task Lost_unlockers_of_the_folder() => await RunAsync(
        """
        Copy-Tree $v ./copy
        [IO.Directory]::Delete("$v/keys", $true)
        $WarningPreference = 'SilentlyContinue'
        OpenByPassphrase
        Open ./owner.key
        Copy-Tree ./copy/keys $v/keys
        OpenByPassphrase
        """,
        $"{FaultCodes.UnlockerMissing}", $"{FaultCodes.UnlockerMissing}", "no error");

    [Fact]
    public async Task Lost_folder_of_the_vault() => await RunAsync(
        """
        Copy-Tree $v ./copy
        [IO.Directory]::Delete($v, $true)
        [IO.Directory]::Move("$PWD/copy", $v)
        (Restore-CustomerBackup -Vault $v -Destination ./back).FileCount
        """,
        "3");

    [Fact]
    public async Task Stolen_key_file_without_the_folder() => await RunAsync(
        """
        [IO.File]::Copy("$PWD/owner.key", "$PWD/thief.key")
        Open ./thief.key
        $null = Add-BackupVaultKey -Vault $v -NewKeyFile new.key -Replace 'key file'
        (Update-BackupVaultKey -Vault $v -Reason 'a key was stolen').Epoch
        Open ./thief.key
        Open ./new.key
        OpenByPassphrase
        """,
        "no error", "2", $"{FaultCodes.NoSuchUnlocker}", "no error", "no error");

    /// <summary>What the page says honestly: the copy stays open for the thief. What is put into the folder of today is not in it.</summary>
    [Fact]
    public async Task Stolen_key_file_and_a_copy_of_the_folder() => await RunAsync(
        """
        Copy-Tree $v ./stolen
        [IO.File]::Copy("$PWD/owner.key", "$PWD/thief.key")
        $null = Add-BackupVaultKey -Vault $v -NewKeyFile new.key -Replace 'key file'
        $null = Update-BackupVaultKey -Vault $v
        $env:SECUREBACKUP_CACHE = "$PWD/cache-of-the-thief"
        Open ./thief.key
        Open ./thief.key ./stolen
        Copy-Tree ./stolen/keys $v/keys
        Copy-Tree ./stolen/bundles $v/bundles
        Open ./thief.key
        """,
        $"{FaultCodes.NoSuchUnlocker}", "no error", $"{FaultCodes.NoSuchUnlocker}");

    [Fact]
    public async Task Stolen_sheet_or_a_photo_of_one() => await RunAsync(
        """
        [IO.File]::Copy($set.Files[0], "$PWD/photo.txt")
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path ./photo.txt -NewKeyFile ./x.key }
        $new = Export-BackupRecoveryShare -Vault $v -Path ./new-sheets -Threshold 2 -Count 3 -Replace 'recovery shares'
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path ./photo.txt, $new.Files[1] -NewKeyFile ./x.key }
        """,
        $"{FaultCodes.TooFewShares}", $"{FaultCodes.SharesOfDifferentSets}");

    [Fact]
    public async Task Stolen_sheets_as_many_as_it_takes() => await RunAsync(
        """
        Copy-Tree ./sheets ./photos
        $new = Export-BackupRecoveryShare -Vault $v -Path ./new-sheets -Threshold 2 -Count 3 -Replace 'recovery shares'
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path ./photos/*.txt -NewKeyFile ./x.key }
        [IO.File]::Exists("$PWD/x.key")
        Get-ErrorId { Restore-BackupVaultKey -Vault $v -Path $new.Files -NewKeyFile ./y.key }
        """,
        $"{FaultCodes.SharesOpenNothing}", "False", "no error");

    [Fact]
    public async Task Stolen_folder_without_a_key() => await RunAsync(
        """
        Copy-Tree $v ./stolen
        $env:SECUREBACKUP_PASSPHRASE = 'a guess'
        Get-ErrorId { Connect-BackupVault ./stolen }
        $found = @([IO.Directory]::EnumerateFiles("$PWD/stolen", '*', 'AllDirectories').Where({ [Text.Encoding]::Latin1.GetString([IO.File]::ReadAllBytes($_)) -cmatch 'customers.csv|Call Ada|herons' }))
        $found.Count
        """,
        $"{FaultCodes.WrongPassphrase}", "0");

    [Fact]
    public async Task Stolen_writer_key_or_host() => await RunAsync(
        """
        $null = Export-BackupWriterKey -Vault $v -Path ./shop01.key -Name shop01
        $null = Start-CustomerBackup ./mail -Vault $v -KeyFile ./shop01.key
        [IO.File]::Copy("$PWD/shop01.key", "$PWD/thief.key")
        (Remove-BackupVaultMember -Vault $v -Member shop01 -Reason stolen -Confirm:$false).LastValid.Count
        Get-ErrorId { Start-CustomerBackup ./mail -Vault $v -KeyFile ./thief.key }
        $null = Export-BackupWriterKey -Vault $v -Path ./shop02.key -Name shop02
        (Start-CustomerBackup ./mail -Vault $v -KeyFile ./shop02.key).FileCount
        @(Get-CustomerBackup -Vault $v).Count
        """,
        "1", $"{FaultCodes.MemberRevoked}", "1", "3");

    [Fact]
    public async Task Stolen_owner_key_that_was_used() => await RunAsync(
        """
        $null = Add-BackupVaultMember -Vault $v -Name bob -Role Owner -Path ./bob.key
        $null = Add-BackupVaultMember -Vault $v -Name ghost -Role Writer -Path ./ghost.key -KeyFile ./bob.key
        $null = Remove-BackupVaultMember -Vault $v -Member bob -Reason 'key stolen' -Confirm:$false
        $null = Remove-BackupVaultMember -Vault $v -Member ghost -Reason 'added by a thief' -Confirm:$false
        Open ./bob.key
        Open ./ghost.key
        OpenByPassphrase
        """,
        $"{FaultCodes.MemberRevoked}", $"{FaultCodes.MemberRevoked}", "no error");

    [Fact]
    public async Task Gone_owner_who_leaves() => await RunAsync(
        """
        $null = Add-BackupVaultMember -Vault $v -Name bob -Role Owner -Path ./bob.key
        Open ./bob.key
        (Remove-BackupVaultMember -Vault $v -Member bob -Reason left -Confirm:$false).NewEpoch
        Open ./bob.key
        (Restore-CustomerBackup -Vault $v -Destination ./back).FileCount
        """,
        "no error", "2", $"{FaultCodes.MemberRevoked}", "3");

    private async Task RunAsync(string row, params string[] expected) => Assert.Equal(expected, await _place.LinesAsync(Begin + row));
}
