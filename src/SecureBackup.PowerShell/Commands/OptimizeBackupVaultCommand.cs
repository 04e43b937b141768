using System.Management.Automation;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Gives back the space of what no snapshot needs, in steps that each call takes as far as they are due.</summary>
[Cmdlet(VerbsCommon.Optimize, "BackupVault", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackupVaultOptimization))]
public sealed class OptimizeBackupVaultCommand : LongVaultCommand
{
    private readonly List<string> _paths = [];

    /// <summary>Begin nothing new after this time; the next call goes on.</summary>
    [Parameter]
    [Duration]
    public TimeSpan? For { get; set; }

    /// <summary>Also rewrite packs of which a greater share is unused; needs a key that reads.</summary>
    [Parameter]
    [ValidateRange(0, 99)]
    public int? MaxUnusedPercent { get; set; }

    /// <summary>A folder for the certificates of erasures that this run ends.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificatePath { get; set; }

    protected override void ProcessRecord() => _paths.Add(RequireVaultPath());

    private protected override bool ReadsStore => true;

    private protected override void Execute()
    {
        var options = new CollectOptions { TimeLimit = For, MaxUnusedPercent = MaxUnusedPercent };
        string? folder = null;
        GuardEngine(CertificatePath, () => folder = CertificatePath is null ? null : ResolvePath(CertificatePath));
        foreach (var path in _paths.Distinct(StringComparer.Ordinal))
        {
            const string deed = "Condemn what no snapshot needs, delete what was condemned and has waited";
            if (ShouldProcess($"{deed}, in {path}.", $"{deed}, in {path}?", "Optimize-BackupVault", out var reason))
            {
                RunLong(path, (vault, gate, token) => OptimizeAsync(vault, options, ErasureOutput.Nameless(path, folder), gate, token));
            }
            else if (reason == ShouldProcessReason.WhatIf)
            {
                RunOnVault(path, (vault, gate, token) => PlanAsync(vault, options, path, gate, token));
            }
        }
    }

    private static async Task OptimizeAsync(UnlockedVault vault, CollectOptions options, ErasureOutput output, PipelineGate gate, CancellationToken cancellationToken)
    {
        var path = output.VaultPath;
        var result = await CollectCorridor.RunAsync(vault, options, new RunContext(gate.ShowProgress($"Optimizing {path}"), gate), cancellationToken);
        var erasures = await output.SettleAsync(vault, result.Erasures, gate, cancellationToken);
        gate.WriteObject(BackupVaultOptimization.From(path, result, isTrial: false, [.. erasures.Select(static erasure => erasure.CertificatePath).OfType<string>()]));
    }

    private static async Task PlanAsync(UnlockedVault vault, CollectOptions options, string path, PipelineGate gate, CancellationToken cancellationToken) =>
        gate.WriteObject(BackupVaultOptimization.From(path, await CollectCorridor.PlanAsync(vault, options, cancellationToken), isTrial: true, []));
}
