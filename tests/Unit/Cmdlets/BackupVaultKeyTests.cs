using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class BackupVaultKeyTests : IDisposable
{
    /// <summary>A secret as a person would type it.</summary>
    internal const string Secure = """
        function Secure([string] $Text) { $secret = [securestring]::new(); foreach ($c in $Text.ToCharArray()) { $secret.AppendChar($c) }; $secret }

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_passphrase_is_changed_in_one_step()
    {
        var lines = await _place.LinesAsync(Secure + """
            $null = New-BackupVault ./vault
            $null = Start-CustomerBackup ./crm -Vault ./vault
            $new = Add-BackupVaultKey -Vault ./vault -NewPassphrase (Secure 'entirely other words') -Replace passphrase -Label 'since today'
            "$($new.Kind), $($new.Label), $($new.Owner -eq [Environment]::UserName), $($new.IsPending)"
            Get-ErrorId { Connect-BackupVault ./vault }
            $env:SECUREBACKUP_PASSPHRASE = 'entirely other words'
            (Restore-CustomerBackup -Vault ./vault -Destination ./back).FileCount
            $keys = @(Get-BackupVaultKey -Vault ./vault)
            "$($keys.Count) $($keys[0].Id -eq $new.Id) $($keys[0].IsInUse)"
            """);
        Assert.Equal(["passphrase, since today, True, False", $"{FaultCodes.WrongPassphrase}", "3", "1 True True"], lines);
    }

    [Fact]
    public async Task Key_files_are_added_and_removed_by_label_id_and_pipeline()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $null = Connect-BackupVault ./vault
            $one = Add-BackupVaultKey -NewKeyFile ./one.key
            $two = Add-BackupVaultKey -NewKeyFile ./two.key -Label 'in the safe'
            $three = Add-BackupVaultKey -NewKeyFile ./three.key
            "$($one.Label) $(@(Get-BackupVaultKey).Count)"
            Remove-BackupVaultKey 'in the safe' -Confirm:$false
            Remove-BackupVaultKey $one.Id.Substring(0, 12) -Confirm:$false
            Get-BackupVaultKey | Where-Object Label -EQ three.key | Remove-BackupVaultKey -Confirm:$false
            (Get-BackupVaultKey).Kind
            Get-ErrorId { Remove-BackupVaultKey passphrase -Confirm:$false }
            Get-ErrorId { Remove-BackupVaultKey nothing -Confirm:$false }
            Get-ErrorId { Connect-BackupVault ./vault -KeyFile ./one.key }
            Get-ErrorId { Add-BackupVaultKey -NewKeyFile ./one.key }
            """);
        Assert.Equal(
            ["one.key 4", "passphrase", $"{FaultCodes.LastKey}", $"{FaultCodes.NoSuchKey}", $"{FaultCodes.NoSuchUnlocker}", $"{FaultCodes.KeyFileExists}"],
            lines);
    }

    [Fact]
    public async Task WhatIf_changes_nothing()
    {
        await _place.LinesAsync("""
            $null = New-BackupVault ./vault -KeyFile ./owner.key -Passphrase $null
            $null = New-BackupVault ./single -KeyFile ./single.key -Passphrase $null
            $null = Add-BackupVaultKey -Vault ./vault -NewKeyFile ./second.key -Label second -KeyFile ./owner.key
            """);
        var before = Picture();
        var lines = await _place.LinesAsync("""
            Add-BackupVaultKey -Vault ./vault -NewKeyFile ./new.key -KeyFile ./owner.key -WhatIf
            Remove-BackupVaultKey -Vault ./vault -Key second -KeyFile ./owner.key -WhatIf
            Export-BackupRecoveryShare ./sheets -Threshold 2 -Count 3 -Vault ./vault -KeyFile ./owner.key -WhatIf
            Restore-BackupVaultKey ./vault ./sheets/*.txt -NewKeyFile ./other.key -WhatIf
            Get-ErrorId { Remove-BackupVaultKey -Vault ./vault -Key third -KeyFile ./owner.key -WhatIf }
            Get-ErrorId { Remove-BackupVaultKey -Vault ./single -Key 'key file' -KeyFile ./single.key -WhatIf }
            """);
        Assert.Equal([$"{FaultCodes.NoSuchKey}", $"{FaultCodes.LastKey}"], lines.TakeLast(2));
        Assert.Equal(4, lines.Count(static line => line.StartsWith("What if:", StringComparison.Ordinal)));
        Assert.Equal(before, Picture());

        // Whoever looks a key up opens the vault, and this host remembers that it did.
        List<string> Picture() => [.. _place.Picture().Where(line => !line.StartsWith(_place["cache"], StringComparison.Ordinal))];
    }

    [Fact]
    public async Task Sheets_bring_a_vault_back_from_files_and_from_words()
    {
        var lines = await _place.LinesAsync(Secure + """
            $null = New-BackupVault ./vault
            $set = Export-BackupRecoveryShare './sheets [of the shop]' -Threshold 2 -Count 3 -Vault ./vault
            "$($set.Files.Count) $($set.Threshold) of $($set.Count) $($set.IsPending)"
            $shown = "$set " + ($set.PSObject.Properties.ForEach({ "$($_.Value)" }) -join ' ')
            function Words([string] $File) { (([IO.File]::ReadAllText($File) -split '-----BEGIN RECOVERY SHARE-----')[1] -split '-----END')[0] }
            $words = @((Words $set.Files[0]) -split '[\s\d]+').Where({ $_ })
            "$($words.Count) words, $(@($words.Where({ $shown -match "\b$_\b" -and $_.Length -gt 5 })).Count) shown"
            Get-ErrorId { Restore-BackupVaultKey ./vault $set.Files[0] -NewKeyFile ./x.key }
            (Restore-BackupVaultKey ./vault ./sheets*/*-[13]-of-3.txt -NewPassphrase (Secure 'found again')).Kind
            $env:SECUREBACKUP_PASSPHRASE = 'found again'
            (Connect-BackupVault ./vault).Role
            $typed = @($set.Files[1, 2].ForEach({ Secure ((Words $_) -replace '\d') }))
            (Restore-BackupVaultKey ./vault -Share $typed -NewKeyFile ./found.key).Label
            $typed[0] = Secure 'academic acid acne'
            Get-ErrorId { Restore-BackupVaultKey ./vault -Share $typed -NewKeyFile ./y.key }
            [IO.File]::Exists("$PWD/y.key")
            """);
        Assert.Equal(
            ["3 2 of 3 False", "33 words, 0 shown", $"{FaultCodes.TooFewShares}", "passphrase", "Owner", "found.key", $"{FaultCodes.ShareLengthWrong}", "False"],
            lines);
    }
}
