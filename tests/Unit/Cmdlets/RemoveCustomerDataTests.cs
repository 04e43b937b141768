using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class RemoveCustomerDataTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Customers_are_erased_in_one_batch_with_certificates_and_a_mistyped_one_is_an_error()
    {
        await MakeVaultAsync("4711", "4712", "4713");
        var lines = await _place.LinesAsync("""
            $errors = $null
            $done = '4711', '4712', '4799' | Remove-CustomerData -Vault ./vault -Reason 'request of 12 May' -CertificatePath ./proof -IncludeSubject -Confirm:$false -ErrorVariable errors -ErrorAction SilentlyContinue
            foreach ($one in $done.Where({ $_.Subject -eq '4711' })) { "$($one.Subject) $($one.State) $($one.KeysDestroyed) $($one.LedgerNumber)" }
            "$(@($done).Count) erased, error $($errors[0].FullyQualifiedErrorId.Split(',')[0])"
            @([IO.Directory]::GetFiles("$PWD/proof")).Count
            $proof = [IO.File]::ReadAllText($done[0].CertificatePath)
            $proof.Contains('request of 12 May'), $proof.Contains('"name": "471')
            'again: ' + (Remove-CustomerData -Vault ./vault -Subject 4711 -Reason 'asked again' -Confirm:$false).State
            """);
        Assert.Equal(["4711 Erased 1 0", $"2 erased, error {FaultCodes.NoSuchSubject}", "6", "True", "True", "again: Erased"], lines);
    }

    [Fact]
    public async Task An_id_with_blanks_out_of_a_table_is_the_same_customer_for_every_command()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = '4711 ', '4712', ' 4711' | ForEach-Object { [pscustomobject]@{ Id = $_ } } | Start-CustomerBackup -DataSet members -SubjectProperty Id
            @(Get-CustomerData '4711', '4711 ').Count
            @(Restore-CustomerBackup -DataSet members -Subject "`t4711", '4711').Count
            (Export-CustomerData '4711 ' ./out).Subject
            $hold = Add-BackupLegalHold -Subject ' 4711' -Reason 'lawsuit' -Owner 'legal'
            (Remove-CustomerData '4711' -Reason 'request' -Force -Confirm:$false).State
            (Remove-BackupLegalHold -Id $hold.Id -Reason 'settled' -Confirm:$false -WarningAction SilentlyContinue).State
            $errors = $null
            $done = '4711', '4711 ', ' 4799', '4799' | Remove-CustomerData -Reason 'request' -Confirm:$false -ErrorVariable errors -ErrorAction SilentlyContinue
            "$($done.Subject) $($done.State), $($errors.Count) error about '$($errors[0].TargetObject)'"
            @(Restore-CustomerBackup -DataSet members -WarningAction SilentlyContinue).Id
            """);
        Assert.Equal(["2", "2", "4711", "Deferred", "Erased", "4711 Erased, 1 error about '4799'", "4712"], lines);
    }

    [Fact]
    public async Task WhatIf_tells_how_many_and_writes_nothing()
    {
        await MakeVaultAsync("4711", "4712");
        var before = _place.Picture();
        var result = (await _place.RunAsync("'4711', '4712' | Remove-CustomerData -Vault ./vault -Reason 'a test' -WhatIf")).ShouldSucceed();
        Assert.Contains("Erase 2 customers: destroy 2 keys, defer 0", string.Join('\n', result.OutputLines), StringComparison.Ordinal);
        Assert.Equal(before, _place.Picture());
    }

    [Fact]
    public async Task A_hold_defers_and_its_release_erases_in_the_same_command()
    {
        await MakeVaultAsync("4711", "4712");
        var lines = await _place.LinesAsync("""
            $null = Connect-BackupVault ./vault
            $hold = Add-BackupLegalHold -Subject 4711 -Reason 'lawsuit' -Owner 'legal@example.org' -Matter '7 O 12/26'
            "$($hold.Scope) $($hold.Owner) $($hold.Matter) $($hold.On.Contains('4711'))"
            $deferred = Remove-CustomerData -Subject 4711 -Reason 'request' -CertificatePath ./proof -Confirm:$false
            "$($deferred.State) $($deferred.KeysDestroyed) $($deferred.HeldDataSets.Count) $($deferred.Holds[0] -eq $hold.Id) $($null -eq $deferred.CertificatePath)"
            @(Get-BackupLegalHold).Count
            Get-BackupLegalHold | Remove-BackupLegalHold -Reason 'settled' -WhatIf
            @(Get-BackupLegalHold $hold.Id.Substring(0, 6)).Count
            $erased = Get-BackupLegalHold | Remove-BackupLegalHold -Reason 'settled' -CertificatePath ./proof -Confirm:$false
            "$($erased.State) $($erased.KeysDestroyed) $($null -eq $erased.Subject) $([IO.File]::Exists($erased.CertificatePath))"
            @(Get-BackupLegalHold).Count
            'unknown: ' + (Get-ErrorId { Add-BackupLegalHold -Subject 4799 -Reason 'lawsuit' -Owner 'legal' })
            'no hold: ' + (Get-ErrorId { Remove-BackupLegalHold -Id $hold.Id -Reason 'again' -WhatIf })
            """);
        Assert.Equal(
            [
                "Subject legal@example.org 7 O 12/26 False", "Deferred 0 1 True True", "1", .. lines.Where(static line => line.StartsWith("What if:", StringComparison.Ordinal)), "1",
                "Erased 1 True True", "0", $"unknown: {FaultCodes.NoSuchSubject}", $"no hold: {FaultCodes.NoSuchHold}",
            ],
            lines);
    }

    [Fact]
    public async Task Snapshots_and_data_sets_are_held_by_name_and_by_object()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $snapshot = Start-CustomerBackup -Vault ./vault ./crm
            $hold = Get-CustomerBackup -Vault ./vault | Add-BackupLegalHold -Reason 'lawsuit' -Owner 'legal'
            "$($hold.Scope) $($hold.On -eq $snapshot.Id)"
            (Add-BackupLegalHold -Vault ./vault -DataSet crm -Reason 'audit' -Owner 'finance').On
            'no reason: ' + (Get-ErrorId { Add-BackupLegalHold -Vault ./vault -DataSet crm -Reason ' ' -Owner 'finance' })
            @(Get-BackupLegalHold -Vault ./vault).Count
            """);
        Assert.Equal(["Snapshot True", "crm", $"no reason: {FaultCodes.ReasonMissing}", "2"], lines);
    }

    [Fact]
    public async Task A_hold_beats_removal_collection_and_erasure_until_it_is_released()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            1..2 | ForEach-Object { $day = $_; 1..3 | ForEach-Object { [pscustomobject]@{ Id = $_; Note = "day $day" } } | Start-CustomerBackup -DataSet members -SubjectProperty Id } | Out-Null
            $hold = Add-BackupLegalHold -DataSet members -Reason 'tax audit' -Owner 'finance'
            $one, $two = Get-CustomerBackup -DataSet members
            $oldest = if ($one.Started -lt $two.Started) { $one } else { $two }
            $refused = $null
            $oldest | Remove-CustomerBackup -Reason 'space' -Confirm:$false -ErrorVariable refused -ErrorAction SilentlyContinue | Out-Null
            "$(@(Get-CustomerBackup -DataSet members).Count) $("$refused".Contains($hold.Id.Substring(0, 12)))"
            (Remove-CustomerData 2 -Reason 'request' -Confirm:$false).State
            $run = Optimize-BackupVault
            "$($run.PacksCondemned) $($run.CustomersErased) $($run.CustomerKeysFolded)"
            @(Get-CustomerData 2).Count
            [Management.Automation.CommandCompletion]::CompleteInput('Get-BackupLegalHold ', 20, $null).CompletionMatches[0].CompletionText -eq $hold.Id.Substring(0, 12)
            $erased = $hold | Remove-BackupLegalHold -Reason 'audit closed' -Confirm:$false -WarningAction SilentlyContinue
            "$($erased.State) $($erased.KeysDestroyed) $($erased.DataSets)"
            Get-ErrorId { Get-CustomerData 2 -ErrorAction Stop }
            $again = Remove-CustomerData 2 -Reason 'again' -Confirm:$false
            "$($again.State) $($again.KeysDestroyed) $($again.DataSets)"
            @(Restore-CustomerBackup -DataSet members -WarningAction SilentlyContinue).Count
            """);
        Assert.Equal(
            ["2 True", "Deferred", "0 0 0", "2", "True", "Erased 1 members", $"{FaultCodes.SubjectHasNoData}", "Erased 1 members", "2"], lines);
    }

    [Fact]
    public async Task Where_two_owners_sign_the_last_ones_command_writes_the_certificate_and_the_first_one_is_told_what_to_run()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault -OwnerName ann | Connect-BackupVault
            $null = Add-BackupVaultMember bob Owner ./bob.key
            $null = 1..3 | ForEach-Object { [pscustomobject]@{ Id = $_ } } | Start-CustomerBackup -DataSet members -SubjectProperty Id
            $null = Set-BackupVault -OwnersNeeded 2 -Confirm:$false
            $asked = 1, 2 | Remove-CustomerData -Reason 'request' -CertificatePath ./proof -Confirm:$false -WarningVariable told -WarningAction SilentlyContinue
            "$($asked.State) $($asked[0].PendingChange -eq $asked[1].PendingChange) $([IO.Directory]::Exists("$PWD/proof"))"
            "$($told[-1].Message.Contains("Approve-BackupVaultChange -Id $($asked[0].PendingChange.Substring(0, 12)) -Vault '$PWD/vault' -CertificatePath '$PWD/proof'"))"
            $change, $done = Get-BackupVaultChange -KeyFile ./bob.key -Vault ./vault | Approve-BackupVaultChange -KeyFile ./bob.key -CertificatePath ./proof -Confirm:$false
            "$($change.IsDone) $($done.State) $($done.KeysDestroyed) $($done.DataSets) $([IO.Directory]::GetFiles("$PWD/proof").Count)"
            $proof = [Text.Json.Nodes.JsonNode]::Parse([IO.File]::ReadAllText($done[0].CertificatePath))
            "$($proof['owner']['name']) $($proof['state']) $($proof['destroyed']['keys']) $("$($proof['subject']['pseudonym'])" -in $asked.Pseudonym) $($proof['reason'])"
            $null = Remove-CustomerData 3 -Reason 'request' -Confirm:$false -WarningAction SilentlyContinue
            $change, $done = Get-BackupVaultChange -KeyFile ./bob.key -Vault ./vault | Approve-BackupVaultChange -KeyFile ./bob.key -Confirm:$false -WarningVariable told -WarningAction SilentlyContinue
            "$($done.State) $($null -eq $done.CertificatePath) $($told[-1].Message.Contains("Remove-CustomerData -Subject <customer> -Reason <reason> -Vault '$PWD/vault' -CertificatePath <folder>"))"
            """);
        Assert.Equal(
            ["Pending Pending True False", "True", "True Erased Erased 1 1 members members 6", "bob erased 1 True request", "Erased True True"],
            lines);
    }

    [Fact]
    public async Task An_erasure_that_was_interrupted_is_ended_and_certified_by_Optimize()
    {
        await MakeVaultAsync("4711", "4712");
        await AsOwnerAsync(static owner => SubjectScene.BeginErasureAsync(owner, "members", "4711"));
        var lines = await _place.LinesAsync("""
            $run = Optimize-BackupVault -Vault ./vault -CertificatePath ./proof
            "$($run.CustomersErased) $($run.CertificatePaths.Count)"
            $proof = [Text.Json.Nodes.JsonNode]::Parse([IO.File]::ReadAllText($run.CertificatePaths[0]))
            "$($proof['state']) $($proof['destroyed']['keys']) $($proof['reason'])"
            $again = Optimize-BackupVault -Vault ./vault -CertificatePath ./proof
            "$($again.CustomersErased) $($again.CertificatePaths.Count)"
            (Remove-CustomerData -Vault ./vault 4711 -Reason 'again' -CertificatePath ./proof -Confirm:$false).KeysDestroyed
            """);
        Assert.Equal(["1 1", "erased 1 asked for by letter", "0 0", "1"], lines);
    }

    /// <summary>A vault with subjects, made without the records themselves: the commands are about the keys.</summary>
    private async Task MakeVaultAsync(params string[] subjects)
    {
        await _place.LinesAsync("$null = New-BackupVault ./vault");
        await AsOwnerAsync(owner => SubjectScene.AddAsync(owner, "members", subjects));
    }

    private async Task AsOwnerAsync(Func<UnlockedVault, Task> work)
    {
        await using var target = LocalTarget.Open(_place["vault"]);
        var locked = await LockedVault.OpenAsync(target, TestContext.Current.CancellationToken);
        using var credential = new PassphraseCredential(Workplace.Passphrase.AsMemory());
        using var owner = await locked.UnlockAsync(
            credential, new UnlockContext(HostState.For(_place["cache"]), NullSink.Instance, TimeProvider.System), TestContext.Current.CancellationToken);
        await work(owner);
    }
}
