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
        object[] several => several.Select(ReferenceTo).ToArray(),
        _ => ReferenceTo(inputData),
    };

    private static object ReferenceTo(object value) => VaultPathAttribute.Unwrap(value) switch
    {
        CustomerBackup snapshot => new SnapshotReference(snapshot.Id, snapshot.Vault),
        CustomerBackupItem item => new SnapshotReference(item.Snapshot, item.Vault),
        BackupDriveItem { Snapshot: { } id } item => new SnapshotReference(id, item.Vault),
        BackupDifference { Snapshot: { } id } difference => new SnapshotReference(id, difference.Vault),
        RestoreReport report => new SnapshotReference(report.Snapshot, report.Vault),
        CustomerBackupRemoval removal => new SnapshotReference(removal.Snapshot, removal.Vault),
        BackupTestReport report => new SnapshotReference(report.Snapshot, report.Vault),
        PSCustomObject => FromProperties(PSObject.AsPSObject(value)) ?? value,
        _ => value,
    };

    /// <summary>Objects that came back from a file or another process carry their properties alone.</summary>
    private static SnapshotReference? FromProperties(PSObject value) =>
        (TextOf(value, "Snapshot") ?? TextOf(value, "Id")) is { } id ? new SnapshotReference(id, TextOf(value, "Vault")) : null;

    private static string? TextOf(PSObject value, string property) => value.Properties[property]?.Value as string;
}
