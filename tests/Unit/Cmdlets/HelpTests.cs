namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class HelpTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Help_describes_every_cmdlet_with_all_its_parameters_and_examples()
    {
        var lines = await _place.LinesAsync("""
            $common = [Management.Automation.Cmdlet]::CommonParameters
            $commands = Get-Command -Module SecureBackup
            "$(@($commands).Count) cmdlets"
            foreach ($command in $commands) {
                $help = Get-Help $command.Name -Full
                $live = [Linq.Enumerable]::Order([string[]] @($command.Parameters.Keys.Where({ $_ -notin $common })))
                $told = [Linq.Enumerable]::Order([string[]] @($help.parameters.parameter.name))
                if (($live -join ' ') -ne ($told -join ' ')) { "$($command.Name): parameters '$live', help '$told'" }
                foreach ($parameter in $help.parameters.parameter) {
                    if ("$($parameter.description.Text)".Length -lt 10) { "$($command.Name) says nothing about -$($parameter.name)" }
                    $attributes = @($command.Parameters[$parameter.name].Attributes.Where({ $_ -is [Management.Automation.ParameterAttribute] }))
                    if ([bool]::Parse($parameter.required) -ne $attributes[0].Mandatory) { "$($command.Name) -$($parameter.name) required" }
                }
                if ("$($help.Synopsis)".Length -lt 20) { "$($command.Name) has no synopsis" }
                if ("$($help.description.Text)".Length -lt 20) { "$($command.Name) has no description" }
                if ("$($help.alertSet.alert.Text)".Length -lt 20) { "$($command.Name) has no notes" }
                if ("$($help.returnValues.returnValue.type.name)".Length -lt 4) { "$($command.Name) does not say what it emits" }
                if (@($help.syntax.syntaxItem).Count -ne @($command.ParameterSets).Count) { "$($command.Name) has another syntax" }
            }
            """);
        var pages = Directory.GetFiles(Path.Combine(Repository.Root, "docs", "cmdlets"), "*-*.md").Count(static page => char.IsUpper(Path.GetFileName(page)[0]));
        Assert.Equal([$"{pages} cmdlets"], lines);
    }

    [Fact]
    public async Task Examples_can_be_run()
    {
        var lines = await _place.LinesAsync("""
            foreach ($command in Get-Command -Module SecureBackup) {
                $examples = @((Get-Help $command.Name -Examples).examples.example)
                if ($examples.Count -lt 2) { "$($command.Name) has $($examples.Count) examples" }
                foreach ($example in $examples) {
                    $errors = $null
                    $tree = [Management.Automation.Language.Parser]::ParseInput($example.code, [ref] $null, [ref] $errors)
                    if ($errors) { "$($command.Name): $($example.code): $errors" }
                    foreach ($call in $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
                        if ($call.GetCommandName() -eq 'Import-Csv') { continue } # PowerShell's own, which this bare shell lacks
                        $known = Get-Command $call.GetCommandName()
                        foreach ($part in $call.CommandElements.Where({ $_ -is [Management.Automation.Language.CommandParameterAst] })) {
                            if (-not $known.Parameters.ContainsKey($part.ParameterName)) { "$($known.Name) has no -$($part.ParameterName)" }
                        }
                    }
                }
            }
            'checked'
            """);
        Assert.Equal(["checked"], lines);
    }

    [Fact]
    public async Task Examples_of_the_pages_name_what_there_is()
    {
        var pages = Directory.GetFiles(Path.Combine(Repository.Root, "docs", "guide"), "*.md").Concat(Directory.GetFiles(Path.Combine(Repository.Root, "docs", "platforms"), "*.md"))
            .Append(Path.Combine(Repository.Root, "README.md")).Order(StringComparer.Ordinal).ToList();
        var lines = await _place.LinesAsync($$"""
            $own = Get-Command -Module SecureBackup
            $blocks = 0
            foreach ($page in '{{string.Join("', '", pages)}}') {
                foreach ($block in [regex]::Matches([IO.File]::ReadAllText($page).Replace("`r", ''), '(?ms)^```powershell\n(.*?)^```$')) {
                    $blocks++
                    $errors = $null
                    $tree = [Management.Automation.Language.Parser]::ParseInput($block.Groups[1].Value, [ref] $null, [ref] $errors)
                    if ($errors) { "${page}: $errors" }
                    foreach ($call in $tree.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
                        $name = $call.GetCommandName()
                        $known = $own.Where({ $_.Name -eq $name })[0]
                        if ($known) {
                            foreach ($problem in [Management.Automation.Language.StaticParameterBinder]::BindCommand($call, $true).BindingExceptions.Values) { "${page}: $call`: $($problem.BindingException.Message)" }
                        } elseif ($name -match '^[A-Z]\w+-(Customer|Backup)') { "${page}: there is no $name" }
                    }
                }
            }
            "$($blocks -gt 40)"
            """);
        Assert.Equal(["True"], lines);
    }
}
