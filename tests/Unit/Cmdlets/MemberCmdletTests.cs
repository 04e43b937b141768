using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Members, rotation, rules and signatures of several owners, as people type them.</summary>
public sealed class MemberCmdletTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    /// <summary>Without the cache, which every look may write.</summary>
    private List<string> VaultPicture() =>
        [.. Directory.EnumerateFiles(_place["vault"], "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(static file => $"{file} {new FileInfo(file).Length} {File.GetLastWriteTimeUtc(file).Ticks}")];

    [Fact]
    public async Task Members_are_added_shown_changed_and_removed()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault -OwnerName ann | Connect-BackupVault
            $shop = Add-BackupVaultMember shop01 Writer ./shop01.key -DataSet crm
            "$($shop.Name) $($shop.Roles) $($shop.DataSets) $($shop.PendingChange)|"
            $null = Start-CustomerBackup ./crm -Vault ./vault -KeyFile ./shop01.key
            $null = Add-BackupVaultMember bob Owner ./bob.key
            $null = Add-BackupVaultMember checker Verifier ./checker.key -CanRead
            foreach ($member in Get-BackupVaultMember) { "$($member.Name): $($member.Roles), $($member.DataSets), $($member.CanRead), $($member.IsSelf)" }
            (Set-BackupVaultMember shop01 -DataSet crm, mail).DataSets -join '+'
            $null = Start-CustomerBackup ./mail -Vault ./vault -KeyFile ./shop01.key
            $removed = Remove-BackupVaultMember shop01 'stolen' -Confirm:$false
            "$($removed.NewEpoch) $($removed.LastValid.Count) $($removed.SnapshotsDropped)"
            $removed.StillKnown
            'stolen: ' + (Get-ErrorId { Start-CustomerBackup ./crm -Vault ./vault -KeyFile ./shop01.key })
            @(Get-BackupVaultMember).Count
            (Get-BackupVaultMember shop* -IncludeRevoked).IsRevoked
            @(Get-CustomerBackup).Count
            (Test-CustomerBackup -Vault ./vault -KeyFile ./checker.key -DataSet crm -ReadData).IsHealthy
            (Restore-CustomerBackup -Vault ./vault -KeyFile ./bob.key -DataSet crm -Destination ./back).FileCount
            """);
        Assert.Equal(
            [
                "shop01 Writer crm |", "ann: Owner, , True, True", "bob: Owner, , True, False", "checker: Verifier, , True, False", "shop01: Writer, crm, False, False", "crm+mail",
                "2 1 0", "Names of data sets, hosts, times and sizes of the snapshots made until now, and whether content that the holder has is in the vault. No content.",
                $"stolen: {FaultCodes.MemberRevoked}", "3", "True", "2", "True", "3",
            ],
            lines);
    }

    [Fact]
    public async Task Each_role_is_refused_what_is_not_its_own_before_anything_is_written()
    {
        await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            $null = Add-BackupVaultMember nas Maintainer ./nas.key
            $null = Add-BackupVaultMember eve Auditor ./eve.key
            $null = Add-BackupVaultMember vic Verifier ./vic.key
            """);
        var before = VaultPicture();
        var lines = await _place.LinesAsync("""
            foreach ($who in 'nas', 'eve', 'vic') {
                $key = @{ Vault = './vault'; KeyFile = "./$who.key" }
                $codes = @(
                    Get-ErrorId { Start-CustomerBackup ./crm @key }
                    Get-ErrorId { Restore-CustomerBackup -Destination ./back @key }
                    Get-ErrorId { Get-CustomerBackupItem @key }
                    Get-ErrorId { Test-CustomerBackup @key }
                    Get-ErrorId { Update-BackupVaultKey @key }
                    Get-ErrorId { Remove-BackupVaultMember nas gone -Confirm:$false @key }
                )
                "$who $(@(Get-CustomerBackup @key).Count) $codes"
            }
            """);
        var codes = $"{FaultCodes.RoleMissing} {FaultCodes.NotAReader} {FaultCodes.NotAReader} {FaultCodes.NotAReader} {FaultCodes.NotAnOwner} {FaultCodes.NotAnOwner}";
        Assert.Equal([$"nas 1 {codes}", $"eve 1 {codes}", $"vic 1 {codes}"], lines);
        Assert.Equal(before, VaultPicture());
    }

    [Fact]
    public async Task Two_of_three_owners_decide_and_see_in_words_what_they_sign()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault -OwnerName ann
            $null = Add-BackupVaultMember bob Owner ./bob.key -Vault ./vault
            $null = Add-BackupVaultMember cid Owner ./cid.key -Vault ./vault
            (Set-BackupVault -Vault ./vault -OwnersNeeded 2 -Confirm:$false).OwnersNeeded
            $rotation = Update-BackupVaultKey -Vault ./vault -Reason 'yearly' -WarningVariable warned -WarningAction SilentlyContinue
            "$($rotation.Epoch) $($warned.Count) $($warned[0].Message -match 'waits for 1 more')"
            $change = Get-BackupVaultChange -Vault ./vault
            "$($change.Id -eq $rotation.PendingChange) $($change.ProposedBy) $($change.SignedBy) $($change.IsStale)"
            $change.Changes[0..1]
            'own: ' + (Get-ErrorId { Approve-BackupVaultChange $change.Id -Vault ./vault -Confirm:$false })
            $change | Approve-BackupVaultChange -KeyFile ./bob.key -WhatIf
            @(Get-BackupVaultChange -Vault ./vault).Count
            ($change | Approve-BackupVaultChange -KeyFile ./bob.key -Confirm:$false).IsDone
            'gone: ' + (Get-ErrorId { Approve-BackupVaultChange $change.Id -Vault ./vault -Confirm:$false })
            $null = Update-BackupVaultKey -Vault ./vault -WarningAction SilentlyContinue
            Get-BackupVaultChange -Vault ./vault -KeyFile ./cid.key | Remove-BackupVaultChange -KeyFile ./cid.key
            @(Get-BackupVaultChange -Vault ./vault).Count
            """);
        Assert.Equal(
            [
                "2", "2 1 True", "True ann ann False", "Note: yearly", "Key epoch 2 begins.", $"own: {FaultCodes.ChangeSigned}",
                .. lines.Where(static line => line.StartsWith("What if:", StringComparison.Ordinal)), "1", "True", $"gone: {FaultCodes.NoSuchChange}", "0",
            ],
            lines);
        Assert.Contains(lines, static line => line.StartsWith("What if:", StringComparison.Ordinal) && line.Contains("Key epoch 2 begins.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rules_change_and_nothing_is_written_with_WhatIf()
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault; $null = Export-BackupWriterKey ./shop01.key -Name shop01 -Vault ./vault");
        var before = VaultPicture();
        var told = await _place.LinesAsync("""
            Set-BackupVault -Vault ./vault -GraceTime 2.00:00:00 -WhatIf
            Update-BackupVaultKey -Vault ./vault -WhatIf
            Add-BackupVaultMember x Auditor ./x.key -Vault ./vault -WhatIf
            Set-BackupVaultMember shop01 -AllDataSets -Vault ./vault -WhatIf
            Remove-BackupVaultMember shop01 y -Vault ./vault -WhatIf
            Get-ErrorId { Set-BackupVaultMember x -AllDataSets -Vault ./vault -WhatIf }
            Get-ErrorId { Remove-BackupVaultMember x y -Vault ./vault -WhatIf }
            """);
        Assert.Equal(before, VaultPicture());
        Assert.Equal(5, told.Count(static line => line.StartsWith("What if:", StringComparison.Ordinal)));
        Assert.Equal([$"{FaultCodes.NoSuchMember}", $"{FaultCodes.NoSuchMember}"], told.Where(static line => line.StartsWith("SB", StringComparison.Ordinal)));
        var lines = await _place.LinesAsync("""
            $policy = Set-BackupVault -Vault ./vault -GraceTime 2.00:00:00 -DeduplicationTrust Vault -Confirm:$false
            "$($policy.GraceTime) $($policy.DeduplicationTrust) $($policy.OwnersNeeded) $((Set-BackupVault -Vault ./vault).GraceTime)"
            Get-ErrorId { Set-BackupVault -Vault ./vault -SessionLapse 0:01:00 -Confirm:$false }
            Get-ErrorId { Set-BackupVault -Vault ./vault -OwnersNeeded 2 -Confirm:$false }
            """);
        Assert.Equal(["2.00:00:00 Vault 1 2.00:00:00", $"{FaultCodes.InvalidVaultOption}", $"{FaultCodes.OwnersTooFew}"], lines);
    }

    [Fact]
    public async Task A_planted_entry_is_told_and_repaired()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            [IO.File]::WriteAllText("$PWD/vault/register/0000000001", 'rubbish')
            $null = Start-CustomerBackup ./crm -Vault ./vault -WarningVariable warned -WarningAction SilentlyContinue
            "$($warned[0].Message)" -match 'passed over'
            Get-ErrorId { Update-BackupVaultKey -Vault ./vault -WarningAction SilentlyContinue }
            (Repair-BackupVault -Vault ./vault -WhatIf -WarningAction SilentlyContinue) -eq $null
            (Repair-BackupVault -Vault ./vault -Confirm:$false -WarningAction SilentlyContinue).Removed
            (Update-BackupVaultKey -Vault ./vault).Epoch
            @((Repair-BackupVault -Vault ./vault -Confirm:$false).Removed).Count
            """);
        Assert.Equal(
            ["True", $"{FaultCodes.RegisterObstructed}", "register/0000000001", "2", "0"],
            lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal) && !string.Equals(line, "True", StringComparison.Ordinal)).Prepend("True"));
    }

    [Fact]
    public async Task A_vault_that_stays_connected_works_across_a_rotation_by_somebody_else()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $null = Add-BackupVaultMember bob Owner ./bob.key -Vault ./vault
            $null = Connect-BackupVault ./vault
            $null = Start-CustomerBackup ./crm
            $null = Update-BackupVaultKey -Vault ./vault -KeyFile ./bob.key
            (Start-CustomerBackup ./crm).Outcome
            (Restore-CustomerBackup -Destination ./back).FileCount
            (Test-CustomerBackup -All -ReadData).IsHealthy
            """);
        Assert.Equal(["Succeeded", "3", "True", "True"], lines);
    }

    /// <summary>One that is signed already, or that the vault has moved on from, lies before the one that matters.</summary>
    [Fact]
    public async Task A_change_that_cannot_be_signed_keeps_nobody_from_signing_the_next()
    {
        var lines = await _place.LinesAsync("""
            $WarningPreference = 'SilentlyContinue'
            $null = New-BackupVault ./vault -OwnerName ann
            foreach ($name in 'bob', 'cid') { $null = Add-BackupVaultMember $name Owner ./$name.key -Vault ./vault }
            $null = Set-BackupVault -Vault ./vault -OwnersNeeded 3 -Confirm:$false
            foreach ($days in 1..3) {
                $null = Set-BackupVault -Vault ./vault -RetentionFloor "$($days)d" -Confirm:$false
                $signed = Get-BackupVaultChange -Vault ./vault -KeyFile ./bob.key | Approve-BackupVaultChange -KeyFile ./bob.key -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable refused
                "bob $($signed.Changes) $($refused.FullyQualifiedErrorId.ForEach({ $_.Split(',')[0] }))"
            }
            $signed = Get-BackupVaultChange -Vault ./vault -KeyFile ./cid.key | Approve-BackupVaultChange -KeyFile ./cid.key -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable refused
            "cid $($signed.Changes) $($signed.IsDone) $($refused.FullyQualifiedErrorId.ForEach({ $_.Split(',')[0] }))"
            """);
        string Floor(int days) => $"Retention floor: {days}.00:00:00, until now 00:00:00.";
        Assert.Equal(
            [
                $"bob {Floor(1)} ", $"bob {Floor(2)} {FaultCodes.ChangeSigned}", $"bob {Floor(3)} {FaultCodes.ChangeSigned} {FaultCodes.ChangeSigned}",
                $"cid {Floor(1)} True {FaultCodes.ChangeStale} {FaultCodes.ChangeStale}",
            ],
            lines);
    }

    [Fact]
    public async Task Names_of_members_and_ids_of_changes_are_completed()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault -OwnerName ann | Connect-BackupVault
            $null = Add-BackupVaultMember 'old shop' Writer ./old.key
            $null = Add-BackupVaultMember bob Owner ./bob.key
            $null = Set-BackupVault -OwnersNeeded 2 -Confirm:$false
            $change = (Update-BackupVaultKey -WarningAction SilentlyContinue).PendingChange
            foreach ($text in 'Remove-BackupVaultMember ', 'Get-BackupVaultMember b') {
                ([Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches | ForEach-Object { $_.CompletionText }) -join '|'
            }
            $text = 'Approve-BackupVaultChange '
            $change.StartsWith([Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches[0].CompletionText)
            """);
        Assert.Equal(["ann|bob|'old shop'", "bob", "True"], lines);
    }
}
