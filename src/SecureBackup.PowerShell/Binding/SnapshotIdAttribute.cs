using System.Management.Automation;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Takes a snapshot as an id or the beginning of one, or as any object that the module emits about a snapshot: the snapshot
/// itself, an item in it, a report.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SnapshotIdAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => inputData switch
    {
        object[] several => several.Select(IdOf).ToArray(),
        _ => IdOf(inputData),
    };

    private static object IdOf(object value) => VaultPathAttribute.Unwrap(value) switch
    {
        CustomerBackup snapshot => snapshot.Id,
        CustomerBackupItem item => item.Snapshot,
        RestoreReport report => report.Snapshot,
        BackupTestReport report => report.Snapshot,
        PSCustomObject => IdProperty(PSObject.AsPSObject(value)) ?? value,
        _ => value,
    };

    /// <summary>Objects that came back from a file or another process carry their properties alone.</summary>
    private static object? IdProperty(PSObject value) => (value.Properties["Snapshot"] ?? value.Properties["Id"])?.Value;
}
