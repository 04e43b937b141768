using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace SecureBackup.Shell;

/// <summary>
/// One runspace and its host. Everything runs through <c>Out-Default</c> with errors merged into the output, as in <c>pwsh</c>, so
/// that objects and errors come out in order and in their views.
/// </summary>
internal sealed class Session : IDisposable
{
    private readonly Host _host;
    private readonly Runspace _runspace;
    private readonly Interrupt _interrupt;
    private readonly Screen _screen;

    public Session(bool isNonInteractive)
    {
        _interrupt = new Interrupt();
        _screen = new Screen();
        _host = new Host(new UserInterface(_screen, new KeyReader(_interrupt), isNonInteractive));
        var state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
        {
            // The policy that pwsh ships with; without it Windows clients would refuse every script.
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.RemoteSigned;
        }

        _runspace = RunspaceFactory.CreateRunspace(_host, state);
        _runspace.ThreadOptions = PSThreadOptions.UseCurrentThread;
        _runspace.Open();
        Runspace.DefaultRunspace = _runspace;
    }

    public Interrupt Interrupt => _interrupt;

    /// <summary>The code given to <c>exit</c> at the top level; null while nobody asked to leave.</summary>
    public int? RequestedExitCode => _host.RequestedExitCode;

    public UserInterface UserInterface => (UserInterface)_host.UI;

    public string CurrentLocation => _runspace.SessionStateProxy.Path.CurrentLocation.Path;

    public int RunFile(string path, ScriptArguments arguments)
    {
        // `exit 3` in a file that is called sets $? and $LASTEXITCODE only; the wrapper carries them to the process.
        var wrapper = $"& '{CodeGeneration.EscapeSingleQuotedStringContent(path)}'{arguments.Attached} @args; if (-not $?) {{ $Host.SetShouldExit($LASTEXITCODE ?? 1) }}";
        var command = new Command(wrapper, isScript: true);
        foreach (var argument in arguments.Splatted)
        {
            command.Parameters.Add(argument);
        }

        return Run(command);
    }

    /// <summary>Runs a text. As in <c>pwsh</c> the exit code is 1 when its last statement failed.</summary>
    public int RunCommand(string text) => RunLine(CommandText.WithFailureCheck(text));

    /// <summary>Runs a text whose failure is nobody's exit code.</summary>
    public int RunLine(string text) => Run(new Command(text, isScript: true, useLocalScope: false));

    public void Dispose()
    {
        _runspace.Dispose();
        _interrupt.Dispose();
        _screen.Dispose();
    }

    private int Run(Command command)
    {
        var hasThrown = false;
        using var shell = PowerShell.Create(_runspace);
        command.MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.Commands.AddCommand(command).AddCommand("Out-Default");
        using (_interrupt.Watch(shell))
        {
            try
            {
                shell.Invoke();
            }
            catch (PipelineStoppedException)
            {
                return ExitCodes.Interrupted;
            }
            catch (RuntimeException fault)
            {
                hasThrown = true;
                Report(fault);
            }
        }

        _screen.HideProgress();
        if (_interrupt.WasRequested)
        {
            return ExitCodes.Interrupted;
        }

        return _host.RequestedExitCode ?? (hasThrown ? ExitCodes.Failure : ExitCodes.Success);
    }

    /// <summary>Shows an error that ended the script, in the same view as every other error.</summary>
    private void Report(RuntimeException fault)
    {
        if (fault is ParseException { Errors: [var first, ..] } && first.Extent.StartScriptPosition.GetFullScript()?.Contains('\n', StringComparison.Ordinal) is false)
        {
            // The error view shows nothing but a blank line for a parse error in a single line that is no file.
            _host.UI.WriteErrorLine($"ParserError: {first.Message}");
            return;
        }

        using var shell = PowerShell.Create(_runspace);
        shell.AddCommand("Out-Default");
        // Out-Default knows errors only by what the engine wrote as one; a record that is given to it goes to standard output.
        using (_screen.DivertToError())
        {
            shell.Invoke(new[] { fault.ErrorRecord });
        }
    }
}
