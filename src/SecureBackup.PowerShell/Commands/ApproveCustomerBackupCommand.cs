using System.Management.Automation;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Decides about a snapshot: that a suspect one is good, or that one is bad.</summary>
[Cmdlet(VerbsLifecycle.Approve, "CustomerBackup", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(CustomerBackup))]
public sealed class ApproveCustomerBackupCommand : VaultCommand
{
    private readonly VaultRequests _requests = VaultRequests.OfSnapshots();

    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Id")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public SnapshotReference[] Snapshot { get; set; } = [];

    /// <summary>Kept in the vault, signed and sealed.</summary>
    [Parameter(Mandatory = true)]
    [ValidateLength(1, ApprovalRecord.MaxReasonLength)]
    public string Reason { get; set; } = string.Empty;

    /// <summary>Declare it bad: it counts for nothing from then on, and may be removed.</summary>
    [Parameter]
    public SwitchParameter Reject { get; set; }

    protected override void ProcessRecord() => Gather(_requests, Snapshot);

    protected override void EndProcessing()
    {
        foreach (var (path, ids) in _requests.ByVault)
        {
            var action = Reject ? "Reject, so that it counts for nothing and may be removed" : "Approve, so that it counts as good and retention goes on";
            var approved = ids.Where(id => ShouldProcess($"{Display.ShortId(id)} of {path}", action)).ToList();
            if (approved.Count > 0)
            {
                RunOnVault(path, (vault, gate, token) => DecideAsync(vault, path, approved, gate, token));
            }
        }
    }

    private async Task DecideAsync(UnlockedVault vault, string path, List<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        vault.RequireRole(MemberRoles.Verifier);
        var catalog = await SnapshotCatalog.LoadAsync(vault, cancellationToken);
        catalog.ReportProblems(gate);
        foreach (var snapshot in ids.Select(catalog.Resolve).Distinct().ToList())
        {
            var decision = await ApprovalRecord.WriteAsync(vault, snapshot, Reject ? SnapshotVerdict.Rejected : SnapshotVerdict.Approved, Reason, cancellationToken);
            gate.WriteObject(CustomerBackup.From(path, snapshot with { Decision = decision }));
        }
    }
}
