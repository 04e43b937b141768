using System.Globalization;
using System.Management.Automation.Host;

namespace SecureBackup.Shell;

/// <summary>The host that scripts see as <c>$Host</c>.</summary>
internal sealed class Host(UserInterface userInterface) : PSHost
{
    public override string Name => "SecureBackup.Shell";

    public override Version Version { get; } = typeof(Host).Assembly.GetName().Version!;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override PSHostUserInterface UI => userInterface;

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public int? RequestedExitCode { get; private set; }

    public override void SetShouldExit(int exitCode) => RequestedExitCode = exitCode;

    public override void EnterNestedPrompt() =>
        throw new HostException("This shell has no nested prompts; use PowerShell to debug or to suspend a command.");

    public override void ExitNestedPrompt() => throw new HostException("There is no nested prompt to leave.");

    /// <summary>A native program is about to own the terminal.</summary>
    public override void NotifyBeginApplication() => userInterface.Screen.HideProgress();

    public override void NotifyEndApplication()
    {
        // Native programs leave nothing behind that this host would have to restore.
    }
}
