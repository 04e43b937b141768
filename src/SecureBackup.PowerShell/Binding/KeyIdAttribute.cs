using System.Management.Automation;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Binding;

/// <summary>Takes a key of a vault as its id, its label, or the object that Get-BackupVaultKey emits.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyIdAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => inputData switch
    {
        object[] several => several.Select(IdOf).ToArray(),
        _ => IdOf(inputData),
    };

    private static object IdOf(object value) => VaultPathAttribute.Unwrap(value) is BackupVaultKey key ? key.Id : value;
}
