using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace SecureBackup.Shell;

/// <summary>Writes the streams as <c>pwsh</c> does (errors to standard error, all else to standard output) and asks questions.</summary>
internal sealed class UserInterface : PSHostUserInterface
{
    private readonly KeyReader _keys;
    private readonly Prompter _prompter;
    private readonly Dictionary<int, ProgressRecord> _progress = [];

    public UserInterface(Screen screen, KeyReader keys, bool isNonInteractive)
    {
        Screen = screen;
        _keys = keys;
        RawUI = new RawUserInterface();
        _prompter = new Prompter(this, keys, isNonInteractive);
    }

    public Screen Screen { get; }

    public override PSHostRawUserInterface RawUI { get; }

    public override bool SupportsVirtualTerminal => Screen.HasTerminal;

    public override void Write(string value) => Screen.Write(value);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) =>
        Screen.Write(Screen.HasTerminal ? PSStyle.Instance.Foreground.FromConsoleColor(foregroundColor) + value + PSStyle.Instance.Reset : value);

    public override void WriteLine(string value) => Screen.Write(value + Environment.NewLine);

    public override void WriteErrorLine(string value) => Screen.WriteError(value + Environment.NewLine);

    public override void WriteWarningLine(string message) => WritePrefixed("WARNING: ", message);

    public override void WriteVerboseLine(string message) => WritePrefixed("VERBOSE: ", message);

    public override void WriteDebugLine(string message) => WritePrefixed("DEBUG: ", message);

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        if (record.RecordType == ProgressRecordType.Completed)
        {
            _progress.Remove(record.ActivityId);
        }
        else
        {
            _progress[record.ActivityId] = record;
        }

        if (_progress.Count == 0)
        {
            Screen.HideProgress();
        }
        else
        {
            Screen.ShowProgress(ProgressText.Of(_progress.Values));
        }
    }

    /// <summary>A line of the interactive mode; null at the end of the input.</summary>
    public string? ReadTypedLine() => _keys.ReadLine();

    public override string ReadLine() => _prompter.ReadLine();

    public override SecureString ReadLineAsSecureString() => _prompter.ReadSecret();

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) =>
        _prompter.AskFields(caption, message, descriptions);

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) =>
        _prompter.AskChoice(caption, message, choices, defaultChoice);

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) =>
        _prompter.AskCredential(caption, message, userName);

    private void WritePrefixed(string prefix, string message)
    {
        var style = PSStyle.Instance.Formatting;
        var colour = prefix[0] switch { 'W' => style.Warning, 'V' => style.Verbose, _ => style.Debug };
        Screen.Write(colour + prefix + message + PSStyle.Instance.Reset + Environment.NewLine);
    }
}
