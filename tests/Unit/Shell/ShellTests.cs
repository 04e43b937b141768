namespace SecureBackup.Tests.Unit.Shell;

public sealed class ShellTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("shell tests ");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("exit 3", 3)]
    [InlineData("exit 0", 0)]
    [InlineData("'fine'", 0)]
    [InlineData("throw 'boom'", 1)]
    [InlineData("$ErrorActionPreference = 'Stop'; Get-Command no-such-command", 1)]
    [InlineData("Get-Command no-such-command; 'goes on'", 0)]
    [InlineData("if (", 1)]
    [InlineData("try { exit 5 } finally { 'cleaned' }", 5)]
    public async Task A_script_file_gives_the_exit_code_that_PowerShell_gives(string script, int expected)
    {
        var result = await ShellProcess.RunScriptAsync(Write("code.ps1", script), [], Cancel);
        Assert.Equal(expected, result.ExitCode);
    }

    [Theory]
    [InlineData("exit 4", 4)]
    [InlineData("'fine'", 0)]
    [InlineData("'fine' # with a comment", 0)]
    [InlineData("throw 'boom'", 1)]
    [InlineData("if (", 1)]
    [InlineData("Get-Command no-such-command", 1)]
    [InlineData("Get-Command no-such-command # last", 1)]
    [InlineData("Get-Command no-such-command; 'goes on'", 0)]
    [InlineData("end { 'named blocks' }", 0)]
    public async Task A_command_fails_when_its_last_statement_fails(string command, int expected)
    {
        var result = await ShellProcess.RunCommandAsync(command, Cancel);
        Assert.Equal(expected, result.ExitCode);
    }

    [Fact]
    public async Task A_missing_script_is_a_bad_command_line()
    {
        var result = await ShellProcess.RunScriptAsync(Path.Combine(_folder.FullName, "none.ps1"), [], Cancel);
        Assert.Equal(64, result.ExitCode);
        Assert.Contains("none.ps1' is not the name of a script file", result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task An_unknown_option_is_a_bad_command_line()
    {
        var result = await ShellProcess.RunAsync(["-Nonsense"], ShellOptions.Default, Cancel);
        Assert.Equal(64, result.ExitCode);
        Assert.Contains("-Nonsense is not known", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name= switch=False numbers= rest=")]
    [InlineData("name=a b switch=True numbers= rest=x|y z", "-Name", "a b", "-Switch", "x", "y z")]
    [InlineData("name=it's switch=False numbers= rest=", "-Name:it's", "-Switch:$false")]
    [InlineData("name=v switch=True numbers= rest=p", "-Switch:true", "p", "-Name:", "v")]
    [InlineData("name= switch=False numbers=-5 rest=", "-Numbers", "-5")]
    [InlineData("name= switch=False numbers= rest=$x|`|*", "$x", "`", "*")]
    public async Task Arguments_reach_the_script(string expected, params string[] arguments)
    {
        var script = Write("with space.ps1", """
            [CmdletBinding(PositionalBinding = $false)]
            param([string] $Name, [switch] $Switch, [int[]] $Numbers, [Parameter(ValueFromRemainingArguments)] $Rest)
            "name=$Name switch=$Switch numbers=$Numbers rest=$($Rest -join '|')"
            """);
        var result = (await ShellProcess.RunScriptAsync(script, arguments, Cancel)).ShouldSucceed();
        Assert.Equal([expected], result.OutputLines);
    }

    [Fact]
    public async Task A_wrong_argument_fails_and_names_the_parameter()
    {
        var result = await ShellProcess.RunScriptAsync(Write("a.ps1", "param([ValidateSet('Build')] $Task) $Task"), ["Biuld"], Cancel);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("parameter 'Task'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_is_a_script()
    {
        var options = ShellOptions.Default with { StandardInput = "$a = 'from'\n\"$a stdin\"\nexit 9\n" };
        foreach (string[] arguments in new string[][] { ["-Command", "-"], ["-File", "-"], [] })
        {
            var result = await ShellProcess.RunAsync(arguments, options, Cancel);
            Assert.Equal(9, result.ExitCode);
            Assert.Equal(["from stdin"], result.OutputLines);
        }
    }

    [Fact]
    public async Task The_location_is_the_working_directory_and_native_programs_follow_it()
    {
        _folder.CreateSubdirectory("sub");
        var options = ShellOptions.Default with { WorkingDirectory = _folder.FullName };
        var script = "\"at $PWD\"; $null = $ExecutionContext.SessionState.Path.SetLocation('sub'); dotnet exec $env:PROBE -Command '\"in $PWD\"'";
        options = options with { Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PROBE"] = ShellProcess.ShellPath } };
        var result = (await ShellProcess.RunCommandAsync(script, options, Cancel)).ShouldSucceed();
        Assert.EndsWith(_folder.Name, result.OutputLines[0], StringComparison.Ordinal);
        Assert.EndsWith(Path.Combine(_folder.Name, "sub"), result.OutputLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_go_where_PowerShell_sends_them()
    {
        var result = await ShellProcess.RunCommandAsync(
            """
            function Speak {
                [CmdletBinding()] param()
                $PSCmdlet.WriteObject('object')
                $PSCmdlet.WriteWarning('careful')
                $PSCmdlet.WriteVerbose('detail')
                $PSCmdlet.WriteDebug('inside')
                $PSCmdlet.WriteInformation('note', [string[]]@())
                $PSCmdlet.WriteProgress([System.Management.Automation.ProgressRecord]::new(1, 'Working', 'half'))
                $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new([Exception]::new('wrong'), 'Id', 'NotSpecified', $null))
            }
            $DebugPreference = 'Continue'; $InformationPreference = 'Continue'
            Speak -Verbose
            """,
            Cancel);
        Assert.Equal(["object", "WARNING: careful", "VERBOSE: detail", "DEBUG: inside", "note"], result.OutputLines);
        Assert.Contains("Speak", result.Error, StringComparison.Ordinal);
        Assert.Contains("wrong", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Working", result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirected_output_holds_no_colours()
    {
        var result = await ShellProcess.RunCommandAsync("$Host.UI.WriteWarningLine('w'); \"$([char]27)[31mred$([char]27)[0m\"; Get-Command Get-Help; Get-Command none", Cancel);
        Assert.DoesNotContain('\u001b', result.Output);
        Assert.DoesNotContain('\u001b', result.Error);
        Assert.Contains("red", result.OutputLines, StringComparer.Ordinal);
        Assert.Contains(result.OutputLines, line => line.StartsWith("CommandType", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("$Host.UI.ReadLine()")]
    [InlineData("$Host.UI.ReadLineAsSecureString()")]
    [InlineData("$Host.UI.PromptForCredential('c', 'm', 'u', 't')")]
    [InlineData("$Host.UI.PromptForChoice('c', 'm', [System.Management.Automation.Host.ChoiceDescription[]]@('&Yes', '&No'), 0)")]
    [InlineData("function Ask { param([Parameter(Mandatory)] $Secret) }; Ask")]
    public async Task A_question_nobody_can_answer_is_an_error_at_once(string question)
    {
        var result = await ShellProcess.RunCommandAsync("$ErrorActionPreference = 'Stop'; " + question, Cancel);
        Assert.Equal(1, result.ExitCode);
        Assert.Matches("nobody can answer|missing mandatory parameters: Secret", result.Error);
    }

    [Fact]
    public async Task Ctrl_C_runs_finally_blocks_and_gives_130()
    {
        ShellProcess.SkipWhereNoneIsInterrupted();
        var script = Write("wait.ps1", "try { 'ready'; while ($true) { [Threading.Thread]::Sleep(20) } } finally { $Host.UI.WriteLine('cleaned up') }");
        using var shell = ShellProcess.Start([script], ShellOptions.Default);
        await shell.WaitForOutputAsync("ready", Cancel);
        shell.Interrupt();
        var result = await shell.WaitForExitAsync(Cancel);
        Assert.Equal(130, result.ExitCode);
        Assert.Equal(["ready", "cleaned up"], result.OutputLines);
    }

    private string Write(string name, string script)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, script);
        return path;
    }
}
