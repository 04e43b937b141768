# Shared by the acceptance tests; dot-source it in BeforeAll. Works in Pester 5 and newer.

# The packaged module: the one that SECUREBACKUP_MODULE names, else the newest below output/.
function Get-PackagedModule {
    if ($env:SECUREBACKUP_MODULE) { return $env:SECUREBACKUP_MODULE }
    $output = Join-Path -Path $PSScriptRoot -ChildPath '../../output/SecureBackup'
    $newest = Get-ChildItem -Path $output -Filter 'SecureBackup.psd1' -Recurse -ErrorAction SilentlyContinue |
        Sort-Object -Property LastWriteTime -Descending | Select-Object -First 1
    if (-not $newest) { throw 'The module is not packaged: run ./build.ps1 Package.' }
    $newest.FullName
}

# A folder with a small shop; the vault's key comes from the environment, the cache is the test's own.
function New-TestPlace {
    param([Parameter(Mandatory)] [string] $Root)

    $place = New-Item -ItemType Directory -Path (Join-Path -Path $Root -ChildPath ([guid]::NewGuid().ToString('N')))
    $crm = New-Item -ItemType Directory -Path (Join-Path -Path $place -ChildPath 'crm/notes') -Force
    $mail = New-Item -ItemType Directory -Path (Join-Path -Path $place -ChildPath 'mail')
    Set-Content -LiteralPath (Join-Path -Path $crm.Parent -ChildPath 'customers.csv') -Value 'id;name', '1;Ada', '2;Bo'
    Set-Content -LiteralPath (Join-Path -Path $crm -ChildPath 'today.txt') -Value 'Call Ada back.'
    Set-Content -LiteralPath (Join-Path -Path $crm -ChildPath 'odd [1].txt') -Value 'Brackets in the name.'
    Set-Content -LiteralPath (Join-Path -Path $mail -ChildPath 'inbox.mbox') -Value ('From: shop@example.org' * 100)
    $env:SECUREBACKUP_CACHE = Join-Path -Path $place -ChildPath 'cache'
    $env:SECUREBACKUP_PASSPHRASE = 'seven quiet herons at dawn'
    $env:SECUREBACKUP_KEYFILE = $null
    [pscustomobject]@{
        Root  = $place.FullName
        Crm   = $crm.Parent.FullName
        Mail  = $mail.FullName
        Vault = Join-Path -Path $place.FullName -ChildPath 'vault'
    }
}

# Forgets what New-TestPlace and the cmdlets left in this session.
function Clear-TestPlace {
    Get-BackupVault | Disconnect-BackupVault
    $env:SECUREBACKUP_CACHE = $null
    $env:SECUREBACKUP_PASSPHRASE = $null
    $env:SECUREBACKUP_KEYFILE = $null
}

# Every file and folder with size and time: the same before and after means that nothing was written.
function Get-TreePicture {
    param([Parameter(Mandatory)] [string] $Path)

    @(Get-ChildItem -LiteralPath $Path -Recurse -Force | Sort-Object -Property FullName |
            ForEach-Object -Process { '{0} {1} {2}' -f $_.FullName, $_.Length, $_.LastWriteTimeUtc.Ticks }) -join "`n"
}
