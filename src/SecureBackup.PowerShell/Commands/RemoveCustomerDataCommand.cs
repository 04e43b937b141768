using System.Globalization;
using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Erases customers: destroys the keys of their records in every snapshot, and certifies it.</summary>
[Cmdlet(VerbsCommon.Remove, "CustomerData", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(CustomerDataErasure))]
public sealed class RemoveCustomerDataCommand : VaultCommand
{
    private readonly VaultRequests _requests = VaultRequests.OfSubjects();

    /// <summary>The customers, as the backed-up records name them. Many of them cost hardly more than one.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Subject { get; set; } = [];

    /// <summary>Why, for ledger and certificate.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Reason { get; set; } = string.Empty;

    /// <summary>Only the records of these data sets.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? DataSet { get; set; }

    /// <summary>A folder for the certificates.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificatePath { get; set; }

    /// <summary>Names the customer in the certificate; without it, only the pseudonym stands there.</summary>
    [Parameter]
    public SwitchParameter IncludeSubject { get; set; }

    /// <summary>Also erase customers whose data was exported on this host and not handed over yet; the packages are deleted.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override bool ReadsStore => true;

    protected override void ProcessRecord() => GatherSubjects(_requests, Subject);

    protected override void EndProcessing()
    {
        string? folder = null;
        GuardEngine(CertificatePath, () => folder = CertificatePath is null ? null : ResolvePath(CertificatePath));
        foreach (var (path, subjects) in _requests.ByVault)
        {
            using var access = ChooseAccess(path);
            List<string> known = [.. subjects];
            var wanted = string.Empty;
            RunOnVault(path, access, async (vault, gate, token) => wanted = await DescribeAsync(vault, known, gate, token));
            if (wanted.Length > 0 && ShouldProcess(path, wanted))
            {
                RunOnVault(path, access, (vault, gate, token) => EraseAsync(vault, path, known, folder, gate, token));
            }
        }
    }

    /// <summary>What would be done, in numbers; who is unknown, or waits for her data, is said at once and taken off. Empty where nobody is left.</summary>
    private async Task<string> DescribeAsync(UnlockedVault vault, List<string> subjects, PipelineGate gate, CancellationToken cancellationToken)
    {
        var names = NamesOf(vault, subjects);
        var plan = await ErasurePlan.MakeAsync(vault.RequireReader(), RequestOf(vault, names.Keys), cancellationToken);
        var registry = new ExportRegistry(vault);
        var left = new List<PlannedErasure>();
        var packages = 0;
        foreach (var subject in plan.Subjects)
        {
            var pending = registry.PendingOfSubject(subject.Subject);
            packages += pending.Count;
            var refusal = subject.IsUnknown ? new RequestException(FaultCodes.NoSuchSubject, $"The vault holds no key of the subject '{names[subject.Subject]}'.")
                : pending.Count > 0 && !Force ? new RequestException(FaultCodes.ExportPending, $"The data of '{names[subject.Subject]}' was exported to {string.Join(" and ", pending)} and is still there.")
                : null;
            if (refusal is null)
            {
                left.Add(subject);
                continue;
            }

            subjects.Remove(names[subject.Subject]);
            gate.WriteError(ErrorRecordFactory.From(refusal, names[subject.Subject]));
        }

        return left.Count == 0 ? string.Empty : string.Create(
            CultureInfo.InvariantCulture,
            $"Erase {left.Count} customers: destroy {left.Sum(static subject => subject.Free.Count)} keys, defer {left.Sum(static subject => subject.Held.Count)} that legal holds protect"
            + $"{(Force && packages > 0 ? $", delete {packages} packages that were not handed over" : string.Empty)}");
    }

    private async Task EraseAsync(UnlockedVault vault, string path, List<string> subjects, string? folder, PipelineGate gate, CancellationToken cancellationToken)
    {
        var names = NamesOf(vault, subjects);
        var outcomes = await new SubjectEraser(vault.RequireReader()).EraseAsync(RequestOf(vault, names.Keys), cancellationToken);
        await new ErasureOutput(path, folder, names, IncludeSubject).WriteAsync(vault, outcomes, gate, cancellationToken);
    }

    private ErasureRequest RequestOf(UnlockedVault vault, IReadOnlyCollection<SubjectPseudonym> subjects) => new()
    {
        Subjects = subjects,
        Reason = Reason,
        Scope = [.. (DataSet ?? []).Select(vault.Keys.DataSetIdOf).Distinct()],
    };

    private static Dictionary<SubjectPseudonym, string> NamesOf(UnlockedVault vault, IEnumerable<string> subjects) => subjects.ToDictionary(vault.Keys.PseudonymOf);
}
