using System.Management.Automation;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Binding;

/// <summary>Takes a vault as its path, as the object that the vault cmdlets emit, as a registered target, or as a folder from Get-Item.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class VaultPathAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => Unwrap(inputData) switch
    {
        BackupVaultInfo vault => vault.Path,
        BackupTarget target => VaultPlace.Named(target.Name),
        FileSystemInfo folder => folder.FullName,
        _ => inputData,
    };

    internal static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
