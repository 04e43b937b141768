<#
.SYNOPSIS
Says how many checks of the conformance suite each platform passed in a test run: one line a platform.
.PARAMETER Reports
The folder with the reports of the run (*.ctrf).
#>
[CmdletBinding()]
param([Parameter(Mandatory)] [string] $Reports)

$tallies = [Collections.Generic.SortedDictionary[string, hashtable]]::new([StringComparer]::Ordinal)
foreach ($file in [IO.Directory]::GetFiles($Reports, '*.ctrf')) {
    foreach ($test in [Text.Json.Nodes.JsonNode]::Parse([IO.File]::ReadAllText($file))['results']['tests']) {
        if ($test['name'].GetValue[string]() -notmatch '\.Conformance\.(?<suite>\w+)Conformance\.') { continue }
        $platform = [regex]::Replace($Matches.suite, '(?<=[a-z0-9])(?=[A-Z])', ' ')
        if (-not $tallies.ContainsKey($platform)) { $tallies[$platform] = @{ passed = 0; failed = 0; exempt = 0; without = 0 } }
        $kind = $test['status'].GetValue[string]()
        if ($kind -eq 'skipped') { $kind = if ("$($test['message'])" -match ' is not installed: ') { 'without' } else { 'exempt' } }
        if ($tallies[$platform].ContainsKey($kind)) { $tallies[$platform][$kind]++ }
    }
}

foreach ($platform in $tallies.Keys) {
    $tally = $tallies[$platform]
    "$($platform): $($tally.passed) checks passed, $($tally.failed) failed$(if ($tally.exempt) { ", $($tally.exempt) exempt" })$(if ($tally.without) { ", $($tally.without) skipped for want of the server" })"
}
