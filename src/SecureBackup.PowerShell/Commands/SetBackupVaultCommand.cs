using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Changes the rules that a vault's owners set. Without a rule it shows those that hold.</summary>
[Cmdlet(VerbsCommon.Set, "BackupVault", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(BackupVaultPolicy))]
public sealed class SetBackupVaultCommand : VaultCommand
{
    /// <summary>How many owners must sign every change of the register.</summary>
    [Parameter]
    [ValidateRange(1, 32)]
    public int? OwnersNeeded { get; set; }

    [Parameter]
    public BackupTrust? DeduplicationTrust { get; set; }

    [Parameter]
    [Duration]
    public TimeSpan? GraceTime { get; set; }

    [Parameter]
    [Duration]
    public TimeSpan? SessionLapse { get; set; }

    [Parameter]
    [Duration]
    public TimeSpan? ErasureHorizon { get; set; }

    [Parameter]
    [Duration]
    public TimeSpan? RetentionFloor { get; set; }

    protected override void EndProcessing()
    {
        var path = RequireVaultPath();
        string?[] wanted =
        [
            OwnersNeeded is { } owners ? $"owners needed: {owners}" : null,
            DeduplicationTrust is { } trust ? $"deduplication trust: {trust}" : null,
            GraceTime is { } grace ? $"grace time: {grace:c}" : null,
            SessionLapse is { } lapse ? $"session lapse: {lapse:c}" : null,
            ErasureHorizon is { } horizon ? $"erasure horizon: {horizon:c}" : null,
            RetentionFloor is { } floor ? $"retention floor: {floor:c}" : null,
        ];
        var texts = wanted.OfType<string>().ToList();
        if (texts.Count > 0 && !ShouldProcess(path, $"Set {string.Join(", ", texts)}"))
        {
            return;
        }

        RunOnVault(path, async (vault, gate, token) =>
        {
            if (texts.Count == 0)
            {
                await vault.RefreshAsync(token);
                gate.WriteObject(BackupVaultPolicy.From(vault.Register.Policy, pendingChange: null, path));
                return;
            }

            var (policy, append) = await PolicyChange.ApplyAsync(vault, Wanted(), token);
            gate.WriteObject(BackupVaultPolicy.From(policy, append.Pending?.ToString(), path));
        });
    }

    private NewPolicy Wanted() => new()
    {
        OwnersNeeded = OwnersNeeded,
        DeduplicationTrust = DeduplicationTrust switch
        {
            null => null,
            BackupTrust.Vault => TrustedPacks.AllMembers,
            _ => TrustedPacks.OwnAndAttested,
        },
        GraceTime = GraceTime,
        SessionLapse = SessionLapse,
        ErasureHorizon = ErasureHorizon,
        RetentionFloor = RetentionFloor,
    };
}
