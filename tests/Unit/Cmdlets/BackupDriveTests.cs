using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>The console has no item cmdlets: what they call is called here.</summary>
public sealed class BackupDriveTests : IDisposable
{
    private const string Prepare = """
        $items = $ExecutionContext.InvokeProvider
        function Get-ProviderError([scriptblock] $Action) {
            try { $null = & $Action; 'no error' }
            catch { for ($e = $_.Exception; $e.InnerException -and $e -isnot [SecureBackup.PowerShell.Faults.BackupCommandException]; $e = $e.InnerException) { }; $e.Code ?? $e.GetType().Name }
        }
        function Names([string] $Path, [bool] $Recurse) { $items.ChildItem.Get($Path, $Recurse).ForEach({ $_.Name }) -join ' | ' }
        $null = New-BackupVault ./vault
        $first = Start-CustomerBackup ./crm -Vault ./vault
        [IO.File]::WriteAllText("$PWD/crm/customers.csv", "id;name`n")
        $second = Start-CustomerBackup ./crm -Vault ./vault
        $mail = Start-CustomerBackup ./mail -Vault ./vault
        $null = Connect-BackupVault ./vault -Drive backup

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Data_sets_hold_snapshots_and_those_what_was_backed_up()
    {
        var lines = await _place.LinesAsync(Prepare + """
            Names 'backup:/'
            $found = $items.ChildItem.Get('backup:/crm', $false)
            $found.Snapshot -join ' ' -eq "$($second.Id) $($first.Id)"
            $found[0].Name -eq "$($second.Started.ToUniversalTime().ToString('yyyy-MM-ddTHHmmssZ'))-$($second.Id.Substring(0, 12))"
            Names 'backup:/crm/latest'
            Names 'backup:/crm/latest/crm'
            Names 'backup:/crm/latest' $true
            Names "backup:/crm/$($first.Id.Substring(0, 8))/crm/notes"
            Names "backup:/crm/$($found[1].Name)/crm/n*"
            $items.ChildItem.GetNames('backup:/crm/latest/crm', 'ReturnMatchingContainers', $false) -join ' '
            $file = $items.Item.Get('backup:/CRM/Latest/crm/customers.csv')
            "$($file.Kind) $($file.SizeBytes) $($file.Include) $($file.IsContainer) $($file.PSIsContainer) $($file.PSChildName) $($file.PSDrive)"
            """);
        Assert.Equal(
            [
                "crm | mail", "True", "True", "crm", "customers.csv | notes", "crm | customers.csv | notes | odd [1].txt | today.txt", "odd [1].txt | today.txt", "notes", "customers.csv notes",
                "File 8 /crm/customers.csv False False customers.csv backup",
            ],
            lines);
    }

    [Fact]
    public async Task Paths_are_found_by_what_they_are()
    {
        var lines = await _place.LinesAsync(Prepare + """
            foreach ($path in '', 'crm', 'crm/latest', 'crm/latest/crm/notes', 'crm/latest/crm/notes/odd `[1`].txt', 'none', 'crm/none', 'crm/latest/none', 'crm/latest/crm/customers.csv/x') {
                "$($items.Item.Exists("backup:/$path")) $($items.Item.IsContainer("backup:/$path"))"
            }
            $null = $ExecutionContext.SessionState.Path.SetLocation('backup:/crm/latest/crm')
            Names '.'
            Names '../..'
            $null = $ExecutionContext.SessionState.Path.SetLocation($PSScriptRoot ? $PSScriptRoot : '/')
            """);
        Assert.Equal(
            ["True True", "True True", "True True", "True True", "True False", "False False", "False False", "False False", "False False", "customers.csv | notes", $"{lines[^1]}"], lines);
        Assert.Contains(" | ", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_comes_as_lines_as_text_and_as_bytes()
    {
        _place.Write("crm/text.txt", "one\r\ntwo\nthrée");
        File.WriteAllBytes(_place["crm/raw.bin"], [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31))]);
        File.WriteAllBytes(_place["crm/wide.txt"], [0xFF, 0xFE, (byte)'h', 0, (byte)'i', 0]);
        File.WriteAllText(_place["crm/empty.txt"], string.Empty);
        var lines = await _place.LinesAsync(Prepare + """
            function Read([string] $Name, [long] $Count) { $reader = $items.Content.GetReader("backup:/crm/latest/crm/$Name")[0]; try { $reader.Read($Count) } finally { $reader.Close() } }
            (Read text.txt 0) -join '|'
            (Read text.txt 2) -join '|'
            (Read wide.txt 0) -join '|'
            @(Read empty.txt 0).Count
            # Get-Content asks for bytes by a parameter of its own; the reader itself is asked here.
            $provider = [SecureBackup.PowerShell.Drives.BackupVaultProvider]
            $parameters = $provider.GetMethod('GetContentReaderDynamicParameters').Invoke($provider::new(), @('x'))
            "$($parameters.AsByteStream) $($parameters.Raw) $($parameters.Encoding)"
            Get-ProviderError { Read notes 0 }
            Get-ProviderError { $items.Content.GetReader('backup:/crm') }
            $reader = $items.Content.GetReader('backup:/crm/latest/crm/raw.bin')[0]
            $reader.Close()
            """);
        Assert.Equal(["one|two|thrée", "one|two", "hi", "0", "False False utf8", $"{FaultCodes.NoContentInDrive}", $"{FaultCodes.NoContentInDrive}"], lines);
    }

    [Fact]
    public async Task Copies_go_out_by_the_ways_of_a_restore()
    {
        var lines = await _place.LinesAsync(Prepare + """
            function CopyOut([string] $From, [string] $To, [bool] $Recurse) { $null = $items.Item.Copy("backup:/$From", "BackupVault::$To", $Recurse, 'CopyTargetContainer') }
            function Tree([string] $Path) { [Linq.Enumerable]::Order([string[]] @([IO.Directory]::GetFileSystemEntries("$PWD/$Path", '*', 'AllDirectories').ForEach({ [IO.Path]::GetRelativePath("$PWD/$Path", $_).Replace('\', '/') }))) -join ' | ' }
            CopyOut 'crm/latest/crm/notes' './named' $true
            Tree named
            $null = [IO.Directory]::CreateDirectory("$PWD/into")
            CopyOut 'crm/latest/crm/notes' './into' $true
            CopyOut 'crm/latest/crm/customers.csv' './into' $false
            CopyOut "crm/$($first.Id.Substring(0, 8))/crm/customers.csv" './into/old.csv' $false
            Tree into
            [IO.File]::ReadAllText("$PWD/into/old.csv").Length -gt [IO.File]::ReadAllText("$PWD/into/customers.csv").Length
            CopyOut 'crm/latest' './whole' $true
            Tree whole
            CopyOut 'crm/latest/crm/notes' './alone' $false
            Tree alone
            Get-ProviderError { CopyOut 'crm/latest/crm/customers.csv' './into/old.csv' $false }
            [IO.File]::GetLastWriteTimeUtc("$PWD/named/today.txt") -eq [IO.File]::GetLastWriteTimeUtc("$PWD/crm/notes/today.txt")
            Get-ProviderError { CopyOut 'crm' './x' $true }
            Get-ProviderError { CopyOut 'crm/latest' "$PWD/vault/packs" $true }
            Get-ProviderError { $items.Item.Copy('backup:/crm/latest', './x', $true, 'CopyTargetContainer') }
            ($items.Item.Get('backup:/crm/latest/crm/notes') | Restore-CustomerBackup -Destination ./restored).FileCount
            """);
        Assert.Equal(
            [
                "odd [1].txt | today.txt", "customers.csv | notes | notes/odd [1].txt | notes/today.txt | old.csv", "True",
                "crm | crm/customers.csv | crm/notes | crm/notes/odd [1].txt | crm/notes/today.txt",
                $"{FaultCodes.EntryExists}", "True", $"{FaultCodes.NoWayOutOfDrive}", $"{FaultCodes.NoWayOutOfDrive}", "PSArgumentException", "2",
            ],
            lines);
    }

    [Fact]
    public async Task Nothing_in_a_drive_can_be_changed()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $path = 'backup:/crm/latest/crm/customers.csv'
            Get-ProviderError { $items.Item.Remove($path, $true) }
            Get-ProviderError { $items.Item.Remove('backup:/crm', $true) }
            Get-ProviderError { $items.Item.New('backup:/crm/latest/crm', 'new.txt', 'File', 'x') }
            Get-ProviderError { $items.Item.Rename($path, 'other') }
            Get-ProviderError { $items.Item.Move($path, 'backup:/crm/latest/crm/other') }
            Get-ProviderError { $items.Item.Set($path, 'x') }
            Get-ProviderError { $items.Item.Clear($path) }
            Get-ProviderError { $items.Content.GetWriter($path) }
            Get-ProviderError { $items.Content.Clear($path) }
            Get-ProviderError { $items.Item.Copy($path, 'backup:/crm/latest/crm/copy.csv', $false, 'CopyTargetContainer') }
            @(Get-CustomerBackup).Count
            """);
        Assert.Equal([.. Enumerable.Repeat($"{FaultCodes.DriveIsReadOnly}", 9), $"{FaultCodes.NoWayOutOfDrive}", "3"], lines);
    }

    [Fact]
    public async Task A_drive_connects_its_vault_and_goes_with_the_connection()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $session = $ExecutionContext.SessionState
            function Drives { $session.Drive.GetAll().Where({ $_.Provider.Name -eq 'BackupVault' }).Name -join ' ' }
            Drives
            Disconnect-BackupVault
            "[$(Drives)]"
            $null = $session.Drive.New([Management.Automation.PSDriveInfo]::new('own', $session.Provider.GetOne('BackupVault'), './vault', '', $null), 'Global')
            "$((Get-BackupVault).IsConnected) $(@(Get-CustomerBackup).Count)"
            Names 'own:/'
            Import-Module $env:SECUREBACKUP_MODULE -Force
            Get-ProviderError { $session.Drive.New([Management.Automation.PSDriveInfo]::new('none', $session.Provider.GetOne('BackupVault'), './crm', '', $null), 'Global') }
            """);
        Assert.Equal("backup", lines[0]);
        Assert.Equal("[]", lines[1]);
        Assert.Equal("True 3", lines[2]);
        Assert.Equal("crm | mail", lines[3]);
    }

    [Fact]
    public async Task A_key_that_may_not_read_makes_no_drive_and_connects_nothing()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Export-BackupWriterKey -Path ./shop01.key -Name shop01
            Disconnect-BackupVault
            $env:SECUREBACKUP_PASSPHRASE = $null
            $env:SECUREBACKUP_KEYFILE = "$PWD/shop01.key"
            $session = $ExecutionContext.SessionState
            Get-ProviderError { $session.Drive.New([Management.Automation.PSDriveInfo]::new('own', $session.Provider.GetOne('BackupVault'), './vault', '', $null), 'Global') }
            @(Get-BackupVault).Count
            """);
        Assert.Equal([$"{FaultCodes.NotAReader}", "0"], lines);
    }

    [Fact]
    public async Task Paths_that_lead_into_no_open_vault_say_so()
    {
        var lines = await _place.LinesAsync(Prepare + """
            Get-ProviderError { $items.Content.GetReader([string[]] 'BackupVault::/nowhere/at/all', $false, $true) }
            & { $null = $ExecutionContext.SessionState.Drive.New([Management.Automation.PSDriveInfo]::new('scoped', $ExecutionContext.SessionState.Provider.GetOne('BackupVault'), './vault', '', $null), 'Local'); Names 'scoped:/'; Disconnect-BackupVault }
            $null = Connect-BackupVault ./vault -Drive backup
            [SecureBackup.PowerShell.Isolation.ModuleHooks]::new().OnRemove($null)
            Get-ProviderError { $items.ChildItem.Get('backup:/crm', $false) }
            """);
        Assert.Equal(["ItemNotFoundException", "crm | mail", $"{FaultCodes.DriveNotConnected}"], lines);
    }

    [Fact]
    public async Task Names_that_paths_cannot_hold_are_written_otherwise()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Such names exist on Unix alone.");
        _place.Write("odd/100%.txt", "per cent");
        _place.Write("odd/a:b", "colon");
        _place.Write("odd/back\\slash", "slash");
        _place.Write("odd/new\nline", "line");
        var lines = await _place.LinesAsync(Prepare + """
            Disconnect-BackupVault
            $null = Start-CustomerBackup ./odd -Vault ./vault -DataSet 'a/b: c'
            $null = Connect-BackupVault ./vault -Drive backup
            Names 'backup:/'
            Names 'backup:/a%2Fb%3A c/latest/odd'
            foreach ($item in $items.ChildItem.Get('backup:/a%2Fb%3A c/latest/odd', $false)) {
                $reader = $items.Content.GetReader("backup:/a%2Fb%3A c/latest/odd/$($item.Name)")[0]
                $reader.Read(0)
                $reader.Close()
            }
            $type = [SecureBackup.PowerShell.Drives.BackupVaultProvider].Assembly.GetType('SecureBackup.PowerShell.Drives.DrivePath')
            $toName = $type.GetMethod('NameOf', [Type[]] @([string]))
            $toBytes = $type.GetMethod('BytesOf', [Reflection.BindingFlags] 'NonPublic, Static')
            foreach ($name in '', '.', '..', 'a/b', '%', '%41', "`u{202E}x", 'ä😀') {
                $shown = $toName.Invoke($null, @($name))
                "$shown $([Text.Encoding]::UTF8.GetString($toBytes.Invoke($null, @($shown))) -ceq $name)"
            }
            """);
        Assert.Equal(
            [
                "a%2Fb%3A c | crm | mail", "100%25.txt | a%3Ab | back%5Cslash | new%0Aline", "per cent", "colon", "slash", "line",
                "% True", "%2E True", "%2E%2E True", "a%2Fb True", "%25 True", "%2541 True", "%E2%80%AEx True", "ä😀 True",
            ],
            lines);
    }

    [Fact]
    public async Task A_stop_ends_what_a_drive_is_at()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $runner = [powershell]::Create([initialsessionstate]::CreateDefault2())
            $null = $runner.AddScript({
                param($module, $place)
                Import-Module $module
                $null = Connect-BackupVault "$place/vault" -Drive backup
                while ($true) { $null = $ExecutionContext.InvokeProvider.ChildItem.Get('backup:/', $true); 'round' }
            }).AddArgument($env:SECUREBACKUP_MODULE).AddArgument("$PWD")
            $output = [Management.Automation.PSDataCollection[psobject]]::new()
            $running = $runner.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)
            while ($output.Count -lt 3 -and -not $running.IsCompleted) { $null = $running.AsyncWaitHandle.WaitOne(5) }
            $runner.Stop()
            $runner.InvocationStateInfo.State
            Names 'backup:/'
            """);
        Assert.Equal(["Stopped", "crm | mail"], lines);
    }
}
