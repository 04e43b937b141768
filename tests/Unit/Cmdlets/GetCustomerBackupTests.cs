using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class GetCustomerBackupTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Snapshots_are_found_newest_first_by_all_that_names_them()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $a = Start-CustomerBackup ./crm -Tag weekly, paid
            $b = Start-CustomerBackup ./mail -Tag weekly
            $c = Start-CustomerBackup ./crm -Force
            $names = @{ $a.Id = 'a'; $b.Id = 'b'; $c.Id = 'c' }
            function Show($Snapshots) { @($Snapshots).Where({ $_ }).ForEach({ $names[$_.Id] }) -join '' }
            'all ' + (Show (Get-CustomerBackup))
            'data set ' + (Show (Get-CustomerBackup -DataSet c*))
            'tag ' + (Show (Get-CustomerBackup -Tag weekly))
            'tags ' + (Show (Get-CustomerBackup -Tag weekly, p*))
            'latest ' + (Show (Get-CustomerBackup -Latest))
            'host ' + (Show (Get-CustomerBackup -HostName nobody)) + (Show (Get-CustomerBackup -HostName ([Environment]::MachineName) -Latest))
            'after ' + (Show (Get-CustomerBackup -After $b.Started))
            'before ' + (Show (Get-CustomerBackup -Before $b.Started))
            'id ' + (Show (Get-CustomerBackup $b.Id.Substring(0, 10)))
            'objects ' + (Show ($a, $c | Get-CustomerBackup))
            'nothing ' + (Show (Get-CustomerBackup -DataSet none))
            """);
        Assert.Equal(
            ["all cba", "data set ca", "tag ba", "tags a", "latest cb", "host cb", "after cb", "before a", "id b", "objects ac", "nothing "],
            lines);
    }

    [Fact]
    public async Task Ids_that_match_none_or_several_are_said()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $known = @{}
            do {
                $backup = Start-CustomerBackup ./crm
                $digit = $backup.Id.Substring(0, 1)
                $isTwice = $known.ContainsKey($digit)
                $known[$digit] = 1
            } until ($isTwice)
            Get-ErrorId { Get-CustomerBackup $digit }
            Get-ErrorId { Get-CustomerBackup zzz }
            """);
        Assert.Equal([$"{FaultCodes.AmbiguousSnapshot}", $"{FaultCodes.NoSuchSnapshot}"], lines);
    }

    [Fact]
    public async Task A_folder_that_is_no_vault_and_a_damaged_register_are_said()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            Get-ErrorId { Get-CustomerBackup -Vault ./crm }
            Get-ErrorId { Get-CustomerBackup -Vault ./none }
            foreach ($file in [IO.Directory]::GetFiles("$PWD/vault/register", '*', 'AllDirectories')) {
                $bytes = [IO.File]::ReadAllBytes($file)
                $bytes[$bytes.Length - 1] = $bytes[$bytes.Length - 1] -bxor 1
                [IO.File]::WriteAllBytes($file, $bytes)
            }
            Get-ErrorId { Get-CustomerBackup -Vault ./vault }
            """);
        Assert.Equal([$"{FaultCodes.NotAVault}", $"{FaultCodes.TargetNotFound}", $"{FaultCodes.RegisterDamaged}"], lines);
    }
}
