using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Takes keys away from a vault, and locks the owner's keys anew for those that stay.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupVaultKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class RemoveBackupVaultKeyCommand : VaultCommand
{
    private readonly List<string> _keys = [];
    private string? _vault;

    /// <summary>Ids, or beginnings of them, or labels; or what Get-BackupVaultKey emits.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [KeyId]
    [ArgumentCompleter(typeof(VaultKeyCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Key { get; set; } = [];

    protected override void ProcessRecord()
    {
        _vault ??= RequireVaultPath();
        _keys.AddRange(Key);
    }

    /// <summary>All of them in one step: the last one is refused, however many calls it takes to get there.</summary>
    protected override void EndProcessing()
    {
        if (_vault is null)
        {
            return;
        }

        RunOnVault(_vault, async (vault, gate, token) =>
        {
            var known = await VaultKeys.ListAsync(vault, token);
            var gone = VaultKeys.FindRemovable(known, vault, _keys);
            var names = string.Join(", ", gone.Select(static key => $"'{key.Label}' ({key.Kind}, {Display.ShortId(key.Id.ToString())})"));
            if (await gate.AskAsync(() => ShouldProcess(_vault, $"Remove the key {names} and lock the owner's keys anew"), token))
            {
                gate.WriteKey(await VaultKeys.RemoveAsync(vault, [.. gone.Select(static key => key.Id.ToString())], token), _vault);
            }
        });
    }
}
