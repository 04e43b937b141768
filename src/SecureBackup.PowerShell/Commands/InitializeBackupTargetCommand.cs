using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Makes the place of a target, or hardens the one that is there: one change after the other, each asked for, made, and read back.</summary>
[Cmdlet(VerbsData.Initialize, "BackupTarget", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = NameSet)]
[OutputType(typeof(BackupTargetChange))]
public sealed class InitializeBackupTargetCommand : TargetCommand
{
    /// <summary>Locks of this mode can be put on objects.</summary>
    [Parameter]
    public BackupLockMode LockMode { get; set; }

    /// <summary>Of every object, whatever it is. Most vaults want none: what they no longer need could not be deleted.</summary>
    [Parameter]
    [ValidateRange(1, 36500)]
    public int? DefaultRetentionDays { get; set; }

    /// <summary>Of packs alone.</summary>
    [Parameter]
    [ValidateRange(0, 36500)]
    public int? ArchiveAfterDays { get; set; }

    /// <summary>By the platform's own name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ArchiveClass { get; set; }

    /// <summary>That of the target when not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KmsKey { get; set; }

    /// <summary>Does not turn versions on. Where they are on they stay.</summary>
    [Parameter]
    public SwitchParameter NoVersioning { get; set; }

    /// <summary>After which versions that are no longer the newest go; without it what is set stays, and else it is 90.</summary>
    [Parameter]
    [ValidateRange(1, 36500)]
    public int? NoncurrentDays { get; set; }

    /// <summary>Also changes that nobody can take back.</summary>
    [Parameter]
    [Alias("AllowIrreversible")]
    public SwitchParameter Irreversible { get; set; }

    private protected override void Process(TargetSettings settings, string platform, TargetCredential credential)
    {
        var subject = SubjectOf(settings);
        var order = new PlaceOrder
        {
            Lock = LockMode == BackupLockMode.None ? null : (LockMode)(int)LockMode,
            DefaultRetentionDays = DefaultRetentionDays,
            ArchiveAfterDays = ArchiveAfterDays,
            ArchiveClass = ArchiveClass,
            KmsKey = KmsKey ?? settings.Option("kmskey"),
            KeepsVersions = !NoVersioning,
            NoncurrentDays = NoncurrentDays,
            AllowsIrreversible = Irreversible,
            ForgetAsync = token => LearnAsync(settings, Forget, token),
        };
        RunEngine(subject, async (gate, token) =>
        {
            try
            {
                if (settings.IsReadOnly)
                {
                    throw new TargetException(TargetFault.ReadOnly, $"The target '{subject}' is registered for reading alone.");
                }

                async Task<PlaceAnswer> AskAsync(string text, bool isIrreversible)
                {
                    var answer = PlaceAnswer.No;
                    await gate.AskAsync(() => (answer = Ask(subject, text, isIrreversible)) == PlaceAnswer.Yes, token);
                    return answer;
                }

                if (await RemotePlaces.InitializeAsync(settings, credential, order, AskAsync, gate, token) is { } lessons)
                {
                    await LearnAsync(settings, options => Learn(options, lessons), token);
                }
            }
            catch (BackupException exception)
            {
                gate.WriteError(ErrorRecordFactory.From(exception, subject));
            }
        });
    }

    private PlaceAnswer Ask(string subject, string text, bool isIrreversible)
    {
        var deed = $"{subject}: {text.TrimEnd('.')}";
        return ShouldProcess($"{deed}.", $"{deed}?", "Change the place of a target", out var reason) && (!isIrreversible || MayNeverGoBack(deed)) ? PlaceAnswer.Yes
            : reason == ShouldProcessReason.WhatIf ? PlaceAnswer.Trial
            : PlaceAnswer.No;
    }

    /// <summary>
    /// What nobody can take back is asked about as a deed of high impact is; the other changes are none. With -Confirm it was asked a moment ago, and -Confirm:$false answers.
    /// </summary>
    private bool MayNeverGoBack(string deed) =>
        MyInvocation.BoundParameters.ContainsKey("Confirm")
        || GetVariableValue("ConfirmPreference") is ConfirmImpact.None or "None"
        || ShouldContinue($"{deed}?", "Nobody can take this back");

    private static void Forget(Dictionary<string, string> options)
    {
        options.Remove("versioning");
        options.Remove("conditionalput");
    }

    /// <summary>Some servers refuse a second put of a name only where no versions are kept (Ceph 16): what was tried before proves nothing then.</summary>
    private static void Learn(Dictionary<string, string> options, PlaceLessons lessons)
    {
        var isOther = lessons.Options.TryGetValue("versioning", out var now) && options.TryGetValue("versioning", out var before) && !string.Equals(now, before, StringComparison.OrdinalIgnoreCase);
        if (lessons.IsOther || isOther)
        {
            options.Remove("conditionalput");
        }

        foreach (var (key, value) in lessons.Options)
        {
            options[key] = value;
        }
    }
}
