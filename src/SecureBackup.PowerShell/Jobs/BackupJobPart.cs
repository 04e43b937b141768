using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Jobs;

/// <summary>Work on one vault with all that it needs to begin. Owns its access, and what the work brought along.</summary>
internal sealed class BackupJobPart(
    string vaultPath, VaultAccess access, RunLimits limits, Func<UnlockedVault, PipelineGate, CancellationToken, Task> work, IDisposable? belongings) : IDisposable
{
    public string VaultPath { get; } = vaultPath;

    public Task RunAsync(PipelineGate gate, CancellationToken cancellationToken) =>
        limits.RunAsync(() => access.RunAsync(gate, limits, vault => work(vault, gate, cancellationToken), cancellationToken));

    public void Dispose()
    {
        access.Dispose();
        belongings?.Dispose();
    }
}
