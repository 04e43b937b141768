using System.Management.Automation;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Finds every record of a customer in all snapshots.</summary>
[Cmdlet(VerbsCommon.Get, "CustomerData")]
[OutputType(typeof(CustomerRecord))]
public sealed class GetCustomerDataCommand : CustomerDataCommand
{
    private readonly VaultRequests _requests = VaultRequests.OfSubjects();

    /// <summary>Each record of each snapshot, and not each version once.</summary>
    [Parameter]
    public SwitchParameter All { get; set; }

    protected override void ProcessRecord() => GatherSubjects(_requests, Subject);

    private protected override void Execute()
    {
        foreach (var (path, subjects) in _requests.ByVault)
        {
            RunLong(path, (vault, gate, token) => FindAsync(vault, path, subjects, gate, token));
        }
    }

    private async Task FindAsync(UnlockedVault vault, string path, IReadOnlyList<string> subjects, PipelineGate gate, CancellationToken cancellationToken)
    {
        var reader = vault.RequireReader();
        var snapshots = await SnapshotsAsync(vault, gate, cancellationToken);
        using var browser = await RecordBrowser.OpenAsync(reader, gate, readAheadBytes: 0, cancellationToken);
        foreach (var subject in subjects)
        {
            var tally = new RecordTally();
            await (All ? EmitAllAsync(browser, snapshots, subject, tally, path, gate, cancellationToken) : EmitVersionsAsync(browser, snapshots, subject, tally, path, gate, cancellationToken));
            gate.WriteFaults([.. tally.Faults.Select(BackupFault.From)]);
            if (tally.Records == 0 && tally.Faults.Count == 0)
            {
                gate.WriteError(ErrorRecordFactory.From(Nothing(subject), subject));
            }
        }
    }

    private static async Task EmitVersionsAsync(
        RecordBrowser browser, IReadOnlyList<Snapshot> snapshots, string subject, RecordTally tally, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        foreach (var version in await browser.HistoryAsync(snapshots, subject, tally, cancellationToken))
        {
            gate.WriteObject(CustomerRecord.From(path, version));
        }
    }

    private static async Task EmitAllAsync(
        RecordBrowser browser, IReadOnlyList<Snapshot> snapshots, string subject, RecordTally tally, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        foreach (var snapshot in snapshots)
        {
            await foreach (var record in browser.EnumerateAsync(snapshot, subject, tally, cancellationToken))
            {
                gate.WriteObject(CustomerRecord.From(path, record));
            }
        }
    }
}
