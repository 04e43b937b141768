using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Finds out what a target can keep, by trying, and keeps what it learnt with a registered one.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupTarget", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low, DefaultParameterSetName = NameSet)]
[OutputType(typeof(BackupTargetTest))]
public sealed class TestBackupTargetCommand : TargetCommand
{
    /// <summary>For all checks of one target together.</summary>
    [Parameter]
    [ValidateRange(1, 3600)]
    public int TimeoutSeconds { get; set; } = 60;

    /// <summary>Only what Register-BackupTarget asks too.</summary>
    [Parameter]
    public SwitchParameter Quick { get; set; }

    private protected override void Process(TargetSettings settings, string platform, TargetCredential credential)
    {
        var subject = SubjectOf(settings);
        RunEngine(subject, async (gate, token) =>
        {
            try
            {
                // Whoever says no, or asks what would be, gets what can be seen without putting anything.
                var isTried = settings.IsReadOnly || await gate.AskAsync(() => ShouldProcess(subject, "Put small objects below probe/, lock and delete them, and keep what that shows"), token);
                var test = await RemotePlaces.TestAsync(settings with { IsReadOnly = !isTried || settings.IsReadOnly }, platform, credential, Quick, TimeSpan.FromSeconds(TimeoutSeconds), check => gate.WriteVerbose(check.ToString()), token);
                gate.WriteObject(test);
                var learnt = string.Join(", ", test.Learnt.Select(static option => $"{option.Key}={option.Value}").Order(StringComparer.Ordinal));
                if (settings.Name is not null && learnt.Length > 0 && isTried)
                {
                    gate.WriteVerbose($"{subject}: kept {learnt}");
                    await LearnAsync(
                        settings,
                        options =>
                        {
                            foreach (var (key, value) in test.Learnt)
                            {
                                options[key] = value;
                            }
                        },
                        token);
                }
            }
            catch (BackupException exception)
            {
                gate.WriteError(ErrorRecordFactory.From(exception, subject));
            }
        });
    }
}
