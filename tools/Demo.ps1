<#
.SYNOPSIS
Backs up a small sample shop, changes it, backs it up again, verifies both backups, restores both and compares every byte and attribute.
Then the life of a vault: a damaged tree is mended in place, customers' records are backed up, one customer is erased, an old snapshot goes.
.DESCRIPTION
Works in a temporary folder and removes it at the end. Exit code 1 when anything differs. `./build.ps1 Demo` packages the module and runs this.
.PARAMETER ModulePath
The SecureBackup.psd1 to show.
.PARAMETER Keep
Leaves the temporary folder in place and says where it is.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $ModulePath,
    [switch] $Keep
)

$ErrorActionPreference = 'Stop'
$folder = [IO.Directory]::CreateTempSubdirectory('secure-backup-demo-').FullName
$shop = [IO.Path]::Combine($folder, 'shop')
$vault = [IO.Path]::Combine($folder, 'vault')
$key = [IO.Path]::Combine($folder, 'owner.key')
$elapsed = [Collections.Generic.List[object]]::new()

# What a host keeps of a vault goes with it.
$cache = [Environment]::GetEnvironmentVariable('SECUREBACKUP_CACHE') ?? [NullString]::Value
[Environment]::SetEnvironmentVariable('SECUREBACKUP_CACHE', [IO.Path]::Combine($folder, 'cache'))

function Write-Line([string] $Text = '') { $Host.UI.WriteLine($Text) }
function Format-Size([long] $Bytes) { '{0,8:N2} MiB' -f ($Bytes / 1MB) }

function Invoke-Step([string] $Title, [scriptblock] $Action) {
    Write-Line
    Write-Line "== $Title"
    $watch = [Diagnostics.Stopwatch]::StartNew()
    & $Action
    $elapsed.Add([pscustomobject]@{ Title = $Title; Seconds = $watch.Elapsed.TotalSeconds })
}

function Write-ShopFile([string] $Relative, [byte[]] $Content) {
    $path = [IO.Path]::Combine($shop, $Relative)
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($path))
    [IO.File]::WriteAllBytes($path, $Content)
}

function Write-ShopText([string] $Relative, [string[]] $Lines) {
    Write-ShopFile $Relative ([Text.Encoding]::UTF8.GetBytes(($Lines -join "`n") + "`n"))
}

# Noise from a fixed seed: as incompressible as a scan, and the same on every run.
function Get-Noise([int] $Seed, [int] $Length) {
    $bytes = [byte[]]::new($Length)
    [Random]::new($Seed).NextBytes($bytes)
    , $bytes
}

function Get-Orders([int] $Count) {
    '['
    foreach ($n in 1..$Count) {
        "  { `"order`": $n, `"customer`": $(1 + $n * 7 % 4000), `"total`": $(($n * 37) % 900).90, `"paid`": $(if ($n % 5) { 'true' } else { 'false' }) }$(if ($n -lt $Count) { ',' })"
    }
    ']'
}

function Get-Mail([int] $From, [int] $To) {
    foreach ($n in $From..$To) {
        "From customer$n@example.org Mon Jan  5 10:00:00 2026", "From: customer$n@example.org", "Subject: Order $n", '', "Where is my order $n? Grüße, Kunde $n", ''
    }
}

function New-Shop {
    $names = 'Müller', "O'Brien", '山田', 'Ivanović', 'Nguyễn', 'Smith'
    Write-ShopText 'customers/customers.csv' @('id,name,mail'; foreach ($n in 1..4000) { "$n,$($names[$n % 6]) $n,customer$n@example.org" })
    Write-ShopText 'orders/2026/orders.json' (Get-Orders 6000)
    Write-ShopText 'mail/inbox.mbox' (Get-Mail 1 3000)
    Write-ShopText 'mail/Ünïcode – 請求書.eml' (Get-Mail 1 1)
    foreach ($n in 1..9) { Write-ShopFile "scans/2026/q$(1 + $n % 4)/scan-$n.tif" (Get-Noise $n 2MB) }
    Write-ShopFile 'scans/empty.tif' ([byte[]]::new(0))
    $null = [IO.Directory]::CreateDirectory([IO.Path]::Combine($shop, 'returns', 'none yet'))
    New-Link 'latest-orders.json' 'SymbolicLink' ([IO.Path]::Combine('orders', '2026', 'orders.json'))
    New-Link 'customers/members.csv' 'HardLink' ([IO.Path]::Combine($shop, 'customers', 'customers.csv'))
    if (-not $IsWindows) { [IO.File]::SetUnixFileMode([IO.Path]::Combine($shop, 'mail', 'inbox.mbox'), 'UserRead, UserWrite, GroupRead') }
    [IO.File]::SetLastWriteTimeUtc([IO.Path]::Combine($shop, 'scans', 'empty.tif'), [datetime]::new(2019, 3, 31, 1, 30, 0, [DateTimeKind]::Utc).AddTicks(1234567))
}

# The file system provider makes links on every system; Windows may lack the right to.
function New-Link([string] $Relative, [string] $Kind, [string] $Target) {
    try {
        $null = $ExecutionContext.InvokeProvider.Item.New([string[]]@([IO.Path]::Combine($shop, $Relative)), $null, $Kind, $Target)
    }
    catch {
        if (-not $IsWindows) { throw }
        Write-Line "This account may not make a $Kind here; the shop goes without $Relative."
    }
}

function Edit-Shop {
    Write-ShopText 'orders/2026/orders.json' (Get-Orders 6100)
    [IO.File]::AppendAllLines([IO.Path]::Combine($shop, 'mail', 'inbox.mbox'), [string[]](Get-Mail 3001 3050))
    [IO.File]::Delete([IO.Path]::Combine($shop, 'scans', '2026', 'q3', 'scan-2.tif'))
    Write-ShopFile 'scans/2026/q4/scan-10.tif' (Get-Noise 10 1MB)
    Write-ShopFile 'scans/2026/q4/copy of scan-3.tif' (Get-Noise 3 2MB)
    Write-Line 'Edited the orders and the mailbox, deleted one scan, added one scan and a copy of another.'
}

# Everything below a folder: relative path -> what must come back.
function Get-Tree([string] $Root) {
    $tree = [Collections.Generic.SortedDictionary[string, string]]::new([StringComparer]::Ordinal)
    $options = [IO.EnumerationOptions]@{ RecurseSubdirectories = $true; AttributesToSkip = 0; IgnoreInaccessible = $false }
    foreach ($entry in [IO.DirectoryInfo]::new($Root).EnumerateFileSystemInfos('*', $options)) {
        $facts = if ($null -ne $entry.LinkTarget) { "link to $($entry.LinkTarget)" }
        elseif ($entry -is [IO.DirectoryInfo]) { "folder $(Get-Attribute $entry)" }
        else { "file $(Get-Attribute $entry), $($entry.Length) bytes, SHA-256 $([Convert]::ToHexString([Security.Cryptography.SHA256]::HashData([IO.File]::ReadAllBytes($entry.FullName))))" }
        $tree[[IO.Path]::GetRelativePath($Root, $entry.FullName).Replace('\', '/')] = $facts
    }
    , $tree
}

function Get-Attribute([IO.FileSystemInfo] $Entry) {
    $mode = if ($IsWindows) { $Entry.Attributes } else { $Entry.UnixFileMode }
    "$mode, changed $($Entry.LastWriteTimeUtc.ToString('o'))"
}

function Get-FolderSize([string] $Root) {
    $sum = 0L
    foreach ($file in [IO.DirectoryInfo]::new($Root).EnumerateFiles('*', 'AllDirectories')) { if ($null -eq $file.LinkTarget) { $sum += $file.Length } }
    $sum
}

# Returns the number of differences and shows each.
function Compare-Tree($Expected, $Actual) {
    $paths = [Collections.Generic.SortedSet[string]]::new([string[]](@($Expected.Keys) + @($Actual.Keys)), [StringComparer]::Ordinal)
    $differences = 0
    foreach ($path in $paths) {
        $was = if ($Expected.ContainsKey($path)) { $Expected[$path] } else { 'absent' }
        $is = if ($Actual.ContainsKey($path)) { $Actual[$path] } else { 'absent' }
        if ($was -cne $is) {
            $differences++
            $Host.UI.WriteErrorLine("differs: $path`n    was $was`n    is  $is")
        }
    }
    $differences
}

# Two names of one file show each other's changes; two copies do not.
function Test-HardLink([string] $Root) {
    $one = [IO.Path]::Combine($Root, 'customers', 'customers.csv')
    $other = [IO.Path]::Combine($Root, 'customers', 'members.csv')
    if (-not [IO.File]::Exists([IO.Path]::Combine($shop, 'customers', 'members.csv'))) { return $true }
    [IO.File]::AppendAllText($one, 'x')
    [IO.FileInfo]::new($one).Length -eq [IO.FileInfo]::new($other).Length
}

function Assert-Success($Result) {
    if ($Result.ExitCode -ne 0) { throw "The step ended with exit code $($Result.ExitCode)." }
}

function Restore-Shop([string] $Name, $Snapshot, $Expected) {
    $destination = [IO.Path]::Combine($folder, $Name)
    Assert-Success (Restore-CustomerBackup -Vault $vault -Snapshot $Snapshot -Destination $destination)
    $restored = [IO.Path]::Combine($destination, 'shop')
    $differences = Compare-Tree $Expected (Get-Tree $restored)
    if (-not (Test-HardLink $restored)) {
        $differences++
        $Host.UI.WriteErrorLine('differs: customers/members.csv came back as a copy and not as a hard link')
    }

    Write-Line ('{0,-14} {1,5} entries compared, {2} differences' -f $Name, $Expected.Count, $differences)
    $script:differences += $differences
}

function Assert-Demo([bool] $IsSo, [string] $Claim) {
    if (-not $IsSo) { throw "It is not so that $Claim." }
    Write-Line "Checked: $Claim."
}

# What a bad day leaves of a restored shop: one file spoilt in the middle, one gone. (The test of hard links has changed another.)
function Edit-Restored([string] $Root) {
    $file = [IO.File]::OpenWrite([IO.Path]::Combine($Root, 'scans', '2026', 'q4', 'copy of scan-3.tif'))
    $file.Position = 1MB
    $file.Write([byte[]]::new(1000), 0, 1000)
    $file.Dispose()
    [IO.File]::Delete([IO.Path]::Combine($Root, 'mail', 'inbox.mbox'))
}

function Get-Member([int] $Count) {
    foreach ($n in 1..$Count) { [pscustomobject]@{ MemberId = $n; Name = "Member $n"; Joined = [datetime]::new(2026, 1, 1 + $n % 28); Owes = [decimal] 12.50 } }
}

$differences = 0
try {
    Import-Module $ModulePath
    Invoke-Step 'A small shop: customers, orders, mail, scans' {
        New-Shop
        $script:before = Get-Tree $shop
        $script:beforeSize = Get-FolderSize $shop
        Write-Line "$($before.Count) entries, $((Format-Size $beforeSize).Trim()) in $shop"
    }
    Invoke-Step 'A vault in a folder, opened by a key file' {
        New-BackupVault -Path $vault -KeyFile $key | Out-Default
        $null = Connect-BackupVault -Path $vault -KeyFile $key
    }
    Invoke-Step 'First backup' {
        $script:first = Start-CustomerBackup -Vault $vault -Path $shop -DataSet 'shop' -Tag 'demo'
        $first | Out-Default
        Assert-Success $first
        $script:firstVaultSize = Get-FolderSize $vault
    }
    Invoke-Step 'A day passes' {
        Edit-Shop
        $script:after = Get-Tree $shop
        $script:afterSize = Get-FolderSize $shop
    }
    Invoke-Step 'Second backup' {
        $script:second = Start-CustomerBackup -Vault $vault -Path $shop -DataSet 'shop' -Tag 'demo'
        $second | Out-Default
        Assert-Success $second
        $script:secondVaultSize = Get-FolderSize $vault
    }
    Invoke-Step 'What is in the vault' { Get-CustomerBackup -Vault $vault | Out-Default }
    Invoke-Step 'Verify: read, decrypt and check every byte' {
        $results = @(Get-CustomerBackup -Vault $vault | Test-CustomerBackup -Vault $vault -ReadData)
        $results | Out-Default
        foreach ($result in $results) { Assert-Success $result }
    }
    Invoke-Step 'Restore both and compare bytes, names, times, modes and links' {
        Restore-Shop 'second backup' $second $after
        Restore-Shop 'first backup' $first $before
    }
    Invoke-Step 'Mend a restored shop in place: only what differs is fetched' {
        $destination = [IO.Path]::Combine($folder, 'second backup')
        Edit-Restored ([IO.Path]::Combine($destination, 'shop'))
        $report = Restore-CustomerBackup -Vault $vault -Snapshot $second -Destination $destination -InPlace
        Assert-Success $report
        Write-Line "$((Format-Size $report.FetchedBytes).Trim()) fetched of $((Format-Size $afterSize).Trim())"
        $script:differences += Compare-Tree $after (Get-Tree ([IO.Path]::Combine($destination, 'shop')))
        Assert-Demo ($differences -eq 0 -and $report.FetchedBytes -lt $afterSize / 2) 'the shop is as it was backed up again, and most of it was not fetched'
    }
    Invoke-Step "Customers' records, each under a key of its own" {
        $members = Get-Member 200 | Start-CustomerBackup -Vault $vault -DataSet 'members' -SubjectProperty MemberId
        $members | Out-Default
        Assert-Success $members
        $one = Restore-CustomerBackup -Vault $vault -DataSet 'members' -Subject 42
        Assert-Demo ($one.Name -eq 'Member 42' -and $one.Owes -is [decimal] -and $one.Joined -eq [datetime]::new(2026, 1, 15)) 'member 42 comes back alone, with date and decimal'
    }
    Invoke-Step 'Member 42 asks to be forgotten' {
        $erased = Remove-CustomerData -Vault $vault -Subject 42 -Reason 'request of member 42' -CertificatePath ([IO.Path]::Combine($folder, 'certificates')) -Confirm:$false
        $erased | Out-Default
        $left = @(Restore-CustomerBackup -Vault $vault -DataSet 'members' -WarningAction Ignore)
        Assert-Demo ($erased.State -eq 'Erased' -and [IO.File]::Exists($erased.CertificatePath)) 'the keys are destroyed, and a certificate says so'
        Assert-Demo ($left.Count -eq 199 -and $left.MemberId -notcontains 42) 'the same snapshot gives the other 199 members, and nothing of her'
    }
    Invoke-Step 'Old snapshots go: what would be removed, and why' {
        $rules = @{ Vault = $vault; DataSet = 'shop'; KeepLast = 1 }
        Remove-CustomerBackup @rules -WhatIf | Out-Default
        Assert-Demo (@(Get-CustomerBackup -Vault $vault -DataSet 'shop').Count -eq 2) '-WhatIf removed nothing'
        $null = Remove-CustomerBackup @rules -Confirm:$false
        Assert-Demo ("$((Get-CustomerBackup -Vault $vault -DataSet 'shop').Id)" -eq "$($second.Id)") 'the newest verified snapshot is left'
    }
    Invoke-Step 'Give space back: marked after a day, deleted a day later, while backups run' {
        $optimized = Optimize-BackupVault -Vault $vault
        $optimized | Out-Default
        Assert-Success $optimized
        Assert-Success (Get-CustomerBackup -Vault $vault -DataSet 'shop' -Latest | Test-CustomerBackup -Vault $vault -ReadData)
    }

    Write-Line
    Write-Line '== Sizes'
    Write-Line "two states of the shop   $(Format-Size ($beforeSize + $afterSize))"
    Write-Line "vault after the first    $(Format-Size $firstVaultSize)"
    Write-Line "added by the second      $(Format-Size ($secondVaultSize - $firstVaultSize))"
    Write-Line ('shop : vault             {0,8:N2} : 1' -f (($beforeSize + $afterSize) / $secondVaultSize))
    Write-Line
    Write-Line '== Times'
    foreach ($step in $elapsed) { Write-Line ('{0,-76} {1,6:N2} s' -f $step.Title, $step.Seconds) }
    Write-Line
    if ($differences -gt 0) { throw "$differences differences between what was backed up and what came back." }
    Write-Line 'Nothing differs: what was backed up came back byte for byte and attribute for attribute.'
    $code = 0
}
catch {
    $Host.UI.WriteErrorLine("The demo failed: $($_.Exception.Message)")
    $code = 1
}
finally {
    if (Get-Command Disconnect-BackupVault -ErrorAction Ignore) { Disconnect-BackupVault -ErrorAction Ignore }
    [Environment]::SetEnvironmentVariable('SECUREBACKUP_CACHE', $cache)
    if ($Keep) { Write-Line "Kept: $folder" } else { [IO.Directory]::Delete($folder, $true) }
}

exit $code
