using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Each role at each cmdlet that opens a vault: it works, or is refused by the right that is missing before anything is written.</summary>
public sealed class RoleTests : IDisposable
{
    private const string NoError = "no error";

    private const string Prepare = """
        (Get-Module SecureBackup).ExportedCmdlets.Keys
        $null = New-BackupVault ./vault -OwnerName ann
        $vault = @{ Vault = './vault' }
        $null = Start-CustomerBackup ./crm @vault
        $null = 7, 8 | ForEach-Object { [pscustomobject] @{ Id = $_; Name = "Name of $_" } } | Start-CustomerBackup -DataSet members -SubjectProperty Id @vault
        $null = Add-BackupLegalHold -DataSet other -Reason 'lawsuit' -Owner 'legal' @vault -WarningAction SilentlyContinue
        $null = Add-BackupVaultMember owner Owner ./owner.key @vault
        foreach ($role in 'Maintainer', 'Writer', 'Auditor', 'Verifier') { $null = Add-BackupVaultMember $role.ToLowerInvariant() $role "./$role.key".ToLowerInvariant() @vault }
        $null = Add-BackupVaultMember reader Verifier ./reader.key -CanRead @vault
        $null = Add-BackupVaultMember spare Auditor ./spare.key @vault
        $null = Set-BackupVault -OwnersNeeded 2 -Confirm:$false @vault
        $null = Set-BackupVault -OwnersNeeded 1 -Confirm:$false @vault -WarningAction SilentlyContinue
        $null = Update-BackupVaultKey @vault -WarningAction SilentlyContinue
        """;

    /// <summary>In the order in which they run: the first two make one owner enough for the others.</summary>
    private static readonly (string Name, Right Right, string Deed)[] Deeds =
    [
        ("Approve-BackupVaultChange", Right.Own, "$changes[0] | Approve-BackupVaultChange @key -Confirm:$false"),
        ("Remove-BackupVaultChange", Right.Own, "$changes[1] | Remove-BackupVaultChange @key -Confirm:$false"),
        ("Get-BackupLegalHold", Right.List, "Get-BackupLegalHold @key"),
        ("Get-BackupVaultChange", Right.List, "Get-BackupVaultChange @key"),
        ("Get-BackupVaultMember", Right.List, "Get-BackupVaultMember @key"),
        ("Get-CustomerBackup", Right.List, "Get-CustomerBackup @key"),
        ("Get-BackupVaultKey", Right.List, "Get-BackupVaultKey @key"),
        ("Compare-CustomerBackup", Right.Read, "Compare-CustomerBackup $files.Id -Disk @key"),
        ("Export-CustomerData", Right.Read, "Export-CustomerData 7 ./package-$who @key"),
        ("Get-CustomerBackupItem", Right.Read, "Get-CustomerBackupItem -DataSet crm @key"),
        ("Get-CustomerData", Right.Read, "Get-CustomerData 7 @key"),
        ("Restore-CustomerBackup", Right.Read, "Restore-CustomerBackup -DataSet crm -Destination ./back-$who @key"),
        ("Test-CustomerBackup", Right.Verify, "Test-CustomerBackup -DataSet crm @key"),
        ("Approve-CustomerBackup", Right.Decide, "Approve-CustomerBackup $files.Id -Reason 'looked at' -Confirm:$false @key"),
        ("Start-CustomerBackup", Right.Write, "Start-CustomerBackup ./mail @key"),
        ("Optimize-BackupVault", Right.Maintain, "Optimize-BackupVault @key -Confirm:$false"),
        ("Remove-CustomerBackup", Right.Maintain, "Remove-CustomerBackup -KeepLast 5 -DataSet crm @key -Confirm:$false"),
        ("Add-BackupLegalHold", Right.Own, "Add-BackupLegalHold $files.Id -Reason 'lawsuit' -Owner 'legal' @key -Confirm:$false"),
        ("Remove-BackupLegalHold", Right.Own, "Remove-BackupLegalHold $hold.Id -Reason 'over' @key -Confirm:$false"),
        ("Remove-CustomerData", Right.Own, "Remove-CustomerData 8 -Reason 'asked' @key -Confirm:$false"),
        ("Add-BackupVaultKey", Right.Own, "Add-BackupVaultKey -NewKeyFile ./second-$who.key -Label second @key -Confirm:$false"),
        ("Remove-BackupVaultKey", Right.Own, "Remove-BackupVaultKey 'second' @key -Confirm:$false"),
        ("Export-BackupRecoveryShare", Right.Own, "Export-BackupRecoveryShare ./sheets-$who -Threshold 2 -Count 3 @key -Confirm:$false"),
        ("Add-BackupVaultMember", Right.Own, "Add-BackupVaultMember new-$who Auditor ./new-$who.key @key -Confirm:$false"),
        ("Export-BackupWriterKey", Right.Own, "Export-BackupWriterKey ./till-$who.key -Name till-$who @key -Confirm:$false"),
        ("Set-BackupVaultMember", Right.Own, "Set-BackupVaultMember writer -DataSet mail, crm @key -Confirm:$false"),
        ("Remove-BackupVaultMember", Right.Own, "Remove-BackupVaultMember spare 'left' @key -Confirm:$false"),
        ("Set-BackupVault", Right.Own, "Set-BackupVault -GraceTime 2.00:00:00 @key -Confirm:$false"),
        ("Update-BackupVaultKey", Right.Own, "Update-BackupVaultKey @key -Confirm:$false"),
        ("Repair-BackupVault", Right.Own, "Repair-BackupVault @key -Confirm:$false"),
    ];

    /// <summary>They open no vault, or with any key, or make one.</summary>
    private static readonly string[] Others =
    [
        "Connect-BackupVault", "Disconnect-BackupVault", "Get-BackupTarget", "Get-BackupVault", "Initialize-BackupTarget", "New-BackupVault", "Register-BackupTarget", "Restore-BackupVaultKey", "Set-BackupTarget",
        "Test-BackupTarget", "Unregister-BackupTarget",
    ];

    private static readonly (string Who, Right Rights)[] Roles =
    [
        ("auditor", Right.List),
        ("maintainer", Right.List | Right.Maintain),
        ("writer", Right.List | Right.Write),
        ("verifier", Right.List | Right.Decide),
        ("reader", Right.List | Right.Decide | Right.Read | Right.Verify),
        ("owner", (Right)int.MaxValue),
    ];

    private static readonly FaultCode[] Refusals = [FaultCodes.RoleMissing, FaultCodes.NotAnOwner, FaultCodes.NotAReader, FaultCodes.NotAMaintainer];

    private readonly Workplace _place = new();

    [Flags]
    private enum Right
    {
        List = 1,
        Write = 2,
        Read = 4,
        Verify = 8,
        Decide = 16,
        Maintain = 32,
        Own = 64,
    }

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Each_role_does_what_it_may_and_is_refused_the_rest_before_anything_is_written()
    {
        var names = await _place.LinesAsync(Prepare);
        Assert.Equal(names.Order(StringComparer.Ordinal), Deeds.Select(static deed => deed.Name).Concat(Others).Order(StringComparer.Ordinal));
        foreach (var (who, rights) in Roles)
        {
            var said = await _place.LinesAsync(ScriptOf(who));
            Assert.Equal(Deeds.Select(static deed => deed.Name), said.Select(static line => line.Split('|')[0]));
            Assert.Empty(said.Select(line => Objection(who, rights, line)).OfType<string>());
        }
    }

    /// <summary>For each deed a line: its name, its error, and whether anything in the vault is another than before.</summary>
    private static string ScriptOf(string who) => $$"""
        $who = '{{who}}'
        $key = @{ Vault = './vault'; KeyFile = './{{who}}.key' }
        $changes = @(Get-BackupVaultChange -Vault ./vault)
        if ("$($changes[0].Changes)" -match 'Key epoch') { [array]::Reverse($changes) }
        $files = Get-CustomerBackup -Vault ./vault -DataSet crm
        $hold = @(Get-BackupLegalHold -Vault ./vault)[0]
        function Picture { [string]::Join("`n", [Linq.Enumerable]::Order([string[]] [IO.Directory]::GetFiles("$PWD/vault", '*', 'AllDirectories'))) }
        function Try-Deed([string] $Name, [scriptblock] $Deed) {
            $before = Picture
            $code = try { $null = & $Deed; '{{NoError}}' } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            "$Name|$code|$($before -ne (Picture))"
        }
        {{string.Join("\n", Deeds.Select(static deed => $"Try-Deed {deed.Name} {{ {deed.Deed} }}"))}}
        """;

    private static string? Objection(string who, Right rights, string line)
    {
        var (name, code, hasWritten) = line.Split('|') is [var first, var second, var third] ? (first, second, third) : throw new InvalidOperationException(line);
        var isRefused = Refusals.Any(refusal => string.Equals(refusal.ToString(), code, StringComparison.Ordinal));
        var right = Deeds.Single(deed => string.Equals(deed.Name, name, StringComparison.Ordinal)).Right;
        var isRight = rights.HasFlag(right) ? code is NoError : isRefused && hasWritten is "False";
        return isRight ? null : $"{who} at {name}: {code}{(hasWritten is "True" ? ", after it wrote" : null)}";
    }
}
