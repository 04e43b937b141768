namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>The acceptance tests need a full PowerShell; that they can be read, and ask the module for what it has, is seen here.</summary>
public sealed class PesterFileTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Acceptance_tests_parse_and_use_what_there_is()
    {
        var folder = Path.Combine(Repository.Root, "tests", "Pester");
        var lines = await _place.LinesAsync($$"""
            $asserts = '-Be', '-BeExactly', '-BeFalse', '-BeGreaterThan', '-BeGreaterOrEqual', '-BeIn', '-BeLessThan', '-BeLessOrEqual', '-BeLike', '-BeNullOrEmpty', '-BeOfType', '-BeTrue', '-Contain', '-Exist', '-HaveCount', '-Match', '-Throw'
            $module = @{}
            foreach ($command in Get-Command -Module SecureBackup) { $module[$command.Name] = $command }
            $files = [IO.Directory]::GetFiles('{{folder}}', '*.Tests.ps1')
            foreach ($file in $files) {
                $name = [IO.Path]::GetFileName($file)
                $errors = $null
                $tree = [Management.Automation.Language.Parser]::ParseFile($file, [ref] $null, [ref] $errors)
                foreach ($problem in $errors) { "${name}: $problem" }
                $calls = @($tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] -and $args[0].GetCommandName() }, $true))
                foreach ($needed in 'Describe', 'It', 'Should', 'Get-PackagedModule', 'New-TestPlace', 'Clear-TestPlace') {
                    if (@($calls.Where({ $_.GetCommandName() -eq $needed })).Count -eq 0) { "${name}: no $needed" }
                }
                foreach ($call in $calls) {
                    $given = @($call.CommandElements.Where({ $_ -is [Management.Automation.Language.CommandParameterAst] }).ForEach({ $_.ParameterName }))
                    if ($call.GetCommandName() -eq 'Should') {
                        $assert = $given[0] -eq 'Not' ? $given[1] : $given[0]
                        if ("-$assert" -notin $asserts) { "${name}: Should -$assert" }
                    }
                    $known = $module[$call.GetCommandName()]
                    if (-not $known) { continue }
                    foreach ($parameter in $given) { if (-not $known.Parameters.ContainsKey($parameter)) { "${name}: $($known.Name) has no -$parameter" } }
                }
            }
            "$($files.Count -gt 30) checked"
            """);
        Assert.Equal(["True checked"], lines);
    }
}
