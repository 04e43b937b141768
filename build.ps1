<#
.SYNOPSIS
Builds, tests, packages and shows SecureBackup.
.DESCRIPTION
Runs in PowerShell 7.6 and, where only the .NET SDK is installed, in the console of this repository:
    dotnet run --project tools/Shell -- ./build.ps1 Test
That console has the commands of the engine alone (no Write-Host, no Join-Path and so on), therefore this script uses .NET for files.
.PARAMETER Task
Build (default) compiles everything. Package makes output/SecureBackup/<version>, importable from any directory. Test packages, then runs
every test. Demo packages, then backs up, changes, verifies and restores a small sample shop. Bench measures. Clean removes what was built.
.PARAMETER Long
Test: the longer sweeps too.
.PARAMETER Keep
Demo: leaves the folder of the sample shop in place.
.PARAMETER Arguments
Bench: passed on to the bench program. --part side, parts or scale runs one of its three parts (docs/design/performance.md says what they measure).
--ten-years week, or day, runs ten years of a vault in fast motion instead, and writes docs/design/ten-years.md.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Demo', 'Bench', 'Package', 'Clean')]
    [string] $Task = 'Build',
    [switch] $Long,
    [switch] $Keep,
    [Parameter(ValueFromRemainingArguments)]
    [string[]] $Arguments = @()
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

function Get-RepositoryPath([string] $Relative) { [IO.Path]::Combine($PSScriptRoot, $Relative.Replace('/', [IO.Path]::DirectorySeparatorChar)) }

$solution = Get-RepositoryPath 'Backup.sln'
$output = Get-RepositoryPath 'output'
$shell = Get-RepositoryPath 'tools/Shell/bin/Release/net10.0/SecureBackup.Shell.dll'
$version = [Xml.Linq.XDocument]::Load((Get-RepositoryPath 'Directory.Build.props')).Root.Element('PropertyGroup').Element('Version').Value
$module = [IO.Path]::Combine($output, 'SecureBackup', $version)
$manifest = [IO.Path]::Combine($module, 'SecureBackup.psd1')

# One line a step. What a program says is shown when it fails, or with -Verbose.
function Invoke-Step([string] $Title, [scriptblock] $Action) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $Host.UI.Write($Title.PadRight(44))
    try { & $Action } catch { $Host.UI.WriteLine('failed'); throw }
    $Host.UI.WriteLine(('{0,7:N1} s' -f $watch.Elapsed.TotalSeconds))
}

function Invoke-Dotnet([string[]] $Command) {
    $said = & dotnet @Command 2>&1
    if ($LASTEXITCODE -ne 0 -or $VerbosePreference -ne 'SilentlyContinue') {
        $Host.UI.WriteLine()
        foreach ($line in $said) { $Host.UI.WriteLine("$line") }
    }

    if ($LASTEXITCODE -ne 0) { throw "dotnet $($Command[0]) failed with exit code $LASTEXITCODE." }
}

# What runs in the action sees these variables; afterwards they are as they were.
function Invoke-WithEnvironment([hashtable] $Variables, [scriptblock] $Action) {
    $before = @{}
    try {
        foreach ($name in $Variables.Keys) {
            $before[$name] = [Environment]::GetEnvironmentVariable($name) ?? [NullString]::Value
            [Environment]::SetEnvironmentVariable($name, $Variables[$name])
        }

        & $Action
    }
    finally {
        foreach ($name in $before.Keys) { [Environment]::SetEnvironmentVariable($name, $before[$name]) }
    }
}

# Release, because the console that may be running this script is the Debug build.
function Build-Solution {
    Invoke-Step 'Build (Release)' { Invoke-Dotnet 'build', $solution, '-c', 'Release' }
}

function Copy-Files([string] $From, [string] $Pattern, [string] $To) {
    if (-not [IO.Directory]::Exists($From)) { return }
    $null = [IO.Directory]::CreateDirectory($To)
    foreach ($file in [IO.Directory]::GetFiles($From, $Pattern)) {
        [IO.File]::Copy($file, [IO.Path]::Combine($To, [IO.Path]::GetFileName($file)))
    }
}

# Of an assembly: another with this id has the same code.
function Get-BuildId([string] $Path) {
    $image = [Reflection.PortableExecutable.PEReader]::new([IO.File]::OpenRead($Path))
    try {
        $metadata = [Reflection.Metadata.PEReaderExtensions]::GetMetadataReader($image)
        $metadata.GetGuid($metadata.GetModuleDefinition().Mvid)
    }
    finally { $image.Dispose() }
}

# The engine lies in a folder of its own, so that its dependencies never meet those of other modules; its native code for this platform below that.
function Publish-Engine([string] $Destination) {
    Invoke-Dotnet 'publish', (Get-RepositoryPath 'src/Engine'), '-c', 'Release', '-o', $Destination
    foreach ($file in [IO.Directory]::GetFiles($Destination, '*.xml')) { [IO.File]::Delete($file) }
    $runtimes = [IO.Path]::Combine($Destination, 'runtimes')
    if (-not [IO.Directory]::Exists($runtimes)) { return }
    foreach ($folder in [IO.Directory]::GetDirectories($runtimes)) {
        if ([IO.Path]::GetFileName($folder) -match '^(android|ios|tvos|maccatalyst|browser|wasm|wasi)') { [IO.Directory]::Delete($folder, $true) }
    }
}

# Runs the demo with the module as it is, and writes to a file what the JIT compiled for it beside what the framework has ready.
function New-Profile([string] $Manifest, [string] $Path) {
    $hook = Get-RepositoryPath 'tools/Profile/bin/Release/net10.0/SecureBackup.Profile.dll'
    Invoke-WithEnvironment @{ DOTNET_STARTUP_HOOKS = $hook; DOTNET_ReadyToRun = '1'; SECUREBACKUP_PROFILE = $Path } {
        Invoke-Dotnet $shell, (Get-RepositoryPath 'tools/Demo.ps1'), '-ModulePath', $Manifest
    }

    if (-not [IO.File]::Exists($Path)) { throw 'The demo ran without the startup hook that notes what is compiled.' }
}

# Without a path it is compiled without a profile.
function Build-NativeCode([string] $Destination, [string] $Profiled) {
    Invoke-Dotnet 'msbuild', (Get-RepositoryPath 'src/Engine'), '-t:CompilePublished', '-p:Configuration=Release', "-p:PublishDir=$Destination/", "-p:StartupProfile=$Profiled"
    foreach ($list in [IO.Directory]::GetFiles($Destination, 'framework.txt', 'AllDirectories')) {
        [IO.File]::WriteAllLines($list, [string[]]@([IO.File]::ReadAllLines($list) | ForEach-Object { "$([IO.Path]::GetFileNameWithoutExtension($_)) $(Get-BuildId $_)" }))
    }
}

# What speaks to object stores lies below the engine, without what the engine has already.
function Publish-Targets([string] $Destination, [string] $Engine) {
    Invoke-Dotnet 'publish', (Get-RepositoryPath 'src/Targets'), '-c', 'Release', '-o', $Destination
    foreach ($file in [IO.Directory]::GetFiles($Destination)) {
        $name = [IO.Path]::GetFileName($file)
        if ($name -notmatch '\.(dll|pdb)$' -or [IO.File]::Exists([IO.Path]::Combine($Engine, $name))) { [IO.File]::Delete($file) }
    }

    $runtimes = [IO.Path]::Combine($Destination, 'runtimes')
    if ([IO.Directory]::Exists($runtimes)) { [IO.Directory]::Delete($runtimes, $true) }
}

# Assembled aside and moved into place, so that output/ never holds half a module.
function Publish-Module {
    Build-Solution
    Invoke-Step "Package SecureBackup $version" {
        $source = Get-RepositoryPath 'src/SecureBackup.PowerShell'
        if ([IO.File]::ReadAllText((Get-RepositoryPath 'SecureBackup.psd1')) -notmatch "ModuleVersion\s*=\s*'$([regex]::Escape($version))'") {
            throw "SecureBackup.psd1 does not have the version $version of Directory.Build.props."
        }

        $aside = [IO.Path]::Combine($output, ".package-$([guid]::NewGuid().ToString('N'))")
        $fresh = [IO.Path]::Combine($aside, 'new')
        try {
            Copy-Files $PSScriptRoot 'SecureBackup.psd1' $fresh
            Copy-Files $PSScriptRoot 'LICENSE' $fresh
            Copy-Files ([IO.Path]::Combine($source, 'bin', 'Release', 'net10.0')) 'SecureBackup.PowerShell.dll' $fresh
            Copy-Files $source '*.ps1xml' $fresh
            & (Get-RepositoryPath 'tools/Help.ps1') -Pages (Get-RepositoryPath 'docs/cmdlets') -Assembly ([IO.Path]::Combine($fresh, 'SecureBackup.PowerShell.dll')) `
                -Destination ([IO.Path]::Combine($fresh, 'en-US', 'SecureBackup.PowerShell.dll-Help.xml'))
            $engine = [IO.Path]::Combine($fresh, 'engine')
            Publish-Engine $engine
            Publish-Targets ([IO.Path]::Combine($engine, 'targets')) $engine
            $profiled = [IO.Path]::Combine($aside, 'demo.mibc')
            try {
                New-Profile ([IO.Path]::Combine($fresh, 'SecureBackup.psd1')) $profiled
                Build-NativeCode $engine $profiled
            }
            catch {
                $Host.UI.WriteLine("`nCompiled without a profile of the demo, so commands will begin more slowly; the module works all the same if ./build.ps1 Demo does. $($_.Exception.Message)")
                Build-NativeCode $engine ''
            }

            $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($module))
            if ([IO.Directory]::Exists($module)) { [IO.Directory]::Move($module, [IO.Path]::Combine($aside, 'old')) }
            [IO.Directory]::Move($fresh, $module)
        }
        finally {
            if ([IO.Directory]::Exists($aside)) { [IO.Directory]::Delete($aside, $true) }
        }
    }

    if ([IO.Directory]::GetFiles($module, 'SecureBackup.Engine.dll', 'AllDirectories').Count -lt 2) {
        $Host.UI.WriteLine('Packaged without native code, because the ahead-of-time compiler could not be restored: it works, and starts more slowly.')
    }
}

# Every report is counted; a run that fails without a failed test, or that leaves no report, is an error and not a result.
function Invoke-UnitTest {
    $reports = [IO.Path]::Combine($output, 'TestResults')
    if ([IO.Directory]::Exists($reports)) { [IO.Directory]::Delete($reports, $true) }
    $arguments = @('--results-directory', $reports, '--report-xunit-ctrf')
    if (-not $Long) { $arguments += '--hangdump', '--hangdump-timeout', '15m', '--hangdump-type', 'None' }
    & dotnet test --solution $solution -c Release --no-build @arguments | ForEach-Object { $Host.UI.WriteLine("$_") }
    $code = $LASTEXITCODE
    $hung = if ([IO.Directory]::Exists($reports)) { [IO.Directory]::GetFiles($reports, 'SecureBackup.*_hang.log') }
    if ($hung) { throw "For 15 minutes no test ended. At work were: $(foreach ($file in $hung) { [IO.File]::ReadAllText($file) })" }
    $files = if ([IO.Directory]::Exists($reports)) { [IO.Directory]::GetFiles($reports, '*.ctrf') }
    if (-not $files) { throw "The test run ended with exit code $code and without a report." }
    $count = @{ passed = 0; failed = 0; skipped = 0 }
    foreach ($file in $files) {
        $summary = [Text.Json.Nodes.JsonNode]::Parse([IO.File]::ReadAllText($file))['results']['summary']
        foreach ($kind in 'passed', 'failed', 'skipped') { $count[$kind] += $summary[$kind].GetValue[int]() }
    }

    foreach ($line in & (Get-RepositoryPath 'tools/Conformance.ps1') -Reports $reports) { $Host.UI.WriteLine($line) }
    if ($code -ne 0 -and $count.failed -eq 0) { throw "The test run ended with exit code $code although no test failed." }
    $count
}

function Invoke-AcceptanceTest {
    $none = @{ passed = 0; failed = 0; skipped = 0 }
    $suite = Get-RepositoryPath 'tests/Pester'
    if (-not [IO.Directory]::Exists($suite)) { return $none }
    $pester = Get-Module -ListAvailable Pester | Where-Object { $_.Version.Major -ge 5 }
    if (-not $pester) {
        $Host.UI.WriteLine('Pester 5 or newer is not installed: the acceptance suite in tests/Pester was not run.')
        return $none
    }

    if (-not (Get-Command Write-Host -ErrorAction Ignore)) {
        $Host.UI.WriteLine('Pester needs a full PowerShell: the acceptance suite in tests/Pester was not run. Run ./build.ps1 Test in PowerShell.')
        return $none
    }

    Import-Module Pester -MinimumVersion 5.0
    $run = Invoke-Pester -Path $suite -PassThru
    @{ passed = $run.PassedCount; failed = $run.FailedCount + $run.FailedBlocksCount + $run.FailedContainersCount; skipped = $run.SkippedCount }
}

function Invoke-Test {
    Publish-Module
    foreach ($line in & (Get-RepositoryPath 'tools/TestServers.ps1') -Repository $PSScriptRoot) { $Host.UI.WriteLine($line) }
    $variables = @{ SECUREBACKUP_MODULE = $manifest; SECUREBACKUP_SHELL = $shell; SECUREBACKUP_TEST_LONG = if ($Long) { '1' } }
    if ($Long) { $variables.SECUREBACKUP_TEST_SCHEDULES = '100000' }
    $unit, $acceptance = Invoke-WithEnvironment $variables {
        Invoke-UnitTest
        Invoke-AcceptanceTest
    }

    $passed = $unit.passed + $acceptance.passed
    $failed = $unit.failed + $acceptance.failed
    $skipped = $unit.skipped + $acceptance.skipped
    $Host.UI.WriteLine("$passed passed, $failed failed$(if ($skipped) { ", $skipped skipped" })")
    if ($failed -gt 0 -or $passed -eq 0) { exit 1 }
}

# In a process of its own, so that this session does not hold the packaged module.
function Invoke-Demo {
    Publish-Module
    $demo = @((Get-RepositoryPath 'tools/Demo.ps1'), '-ModulePath', $manifest)
    if ($Keep) { $demo += '-Keep' }
    if ($Host.Name -eq 'SecureBackup.Shell') { & dotnet $shell @demo } else { & ([Environment]::ProcessPath) -NoProfile -File @demo }
    if ($LASTEXITCODE -ne 0) { throw "The demo ended with exit code $LASTEXITCODE." }
}

# Minutes (week), or a multiple of that (day).
function Invoke-TenYears([string] $Speed) {
    if ($Speed -notin 'week', 'day') { throw "--ten-years takes week or day, not '$Speed'." }
    Build-Solution
    Invoke-WithEnvironment @{ SECUREBACKUP_TEST_TEN_YEARS = $Speed; SECUREBACKUP_UPDATE_DOCS = '1' } {
        & dotnet (Get-RepositoryPath 'tests/Unit/bin/Release/net10.0/SecureBackup.Tests.Unit.dll') -class SecureBackup.Tests.Unit.TenYears.TenYearsTests -diagnostics
        if ($LASTEXITCODE -ne 0) { throw "The ten years failed with exit code $LASTEXITCODE." }
    }
}

function Invoke-Bench {
    if ($Arguments.Count -gt 0 -and $Arguments[0] -eq '--ten-years') {
        Invoke-TenYears $Arguments[1]
        return
    }

    # Side by side, the default, runs the packaged module.
    $special = '--module', '--size', '--subjects', '--keys', '--days'
    if (-not ($Arguments | Where-Object { $_ -in $special }) -and ('--part' -notin $Arguments -or 'side' -in $Arguments)) { Publish-Module }
    & dotnet run -c Release --project (Get-RepositoryPath 'bench') -- @Arguments
    if ($LASTEXITCODE -ne 0) { throw "The bench failed with exit code $LASTEXITCODE." }
}

# The folder that the running console was started from stays.
function Clear-Output {
    $folders = @($output)
    foreach ($area in 'src', 'tests', 'tools', 'bench') {
        $root = Get-RepositoryPath $area
        if (-not [IO.Directory]::Exists($root)) { continue }
        foreach ($project in [IO.Directory]::GetFiles($root, '*.csproj', 'AllDirectories')) {
            $folders += foreach ($name in 'bin', 'obj') { [IO.Path]::Combine([IO.Path]::GetDirectoryName($project), $name) }
        }
    }

    foreach ($folder in $folders) {
        if ([IO.Directory]::Exists($folder) -and -not [AppContext]::BaseDirectory.StartsWith($folder)) {
            Invoke-Step "Remove $([IO.Path]::GetRelativePath($PSScriptRoot, $folder))" { [IO.Directory]::Delete($folder, $true) }
        }
    }
}

# dotnet reads global.json from the location.
$location = $ExecutionContext.SessionState.Path
$before = $location.CurrentLocation.Path
try {
    $null = $location.SetLocation($PSScriptRoot)
    switch ($Task) {
        'Build' { Build-Solution }
        'Test' { Invoke-Test }
        'Demo' { Invoke-Demo }
        'Bench' { Invoke-Bench }
        'Package' { Publish-Module; $Host.UI.WriteLine($manifest) }
        'Clean' { Clear-Output }
    }
}
catch {
    $Host.UI.WriteErrorLine("build.ps1 $($Task): $($_.Exception.Message)")
    exit 1
}
finally {
    $null = $location.SetLocation($before)
}
