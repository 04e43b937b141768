using System.Management.Automation.Provider;
using SecureBackup.Engine.Faults;
using SecureBackup.PowerShell.Faults;

namespace SecureBackup.PowerShell.Drives;

/// <content>Everything that would change something says that nothing here can be changed.</content>
public sealed partial class BackupVaultProvider
{
    public IContentWriter GetContentWriter(string path)
    {
        Refuse(path);
        return null!;
    }

    public object? GetContentWriterDynamicParameters(string path) => null;

    public void ClearContent(string path) => Refuse(path);

    public object? ClearContentDynamicParameters(string path) => null;

    protected override void NewItem(string path, string itemTypeName, object newItemValue) => Refuse(path);

    protected override void SetItem(string path, object value) => Refuse(path);

    protected override void ClearItem(string path) => Refuse(path);

    protected override void RemoveItem(string path, bool recurse) => Refuse(path);

    protected override void RenameItem(string path, string newName) => Refuse(path);

    protected override void MoveItem(string path, string destination) => Refuse(path);

    private void Refuse(string path) =>
        ThrowTerminatingError(ErrorRecordFactory.From(new RequestException(FaultCodes.DriveIsReadOnly, $"'{path}' cannot be changed, made or removed."), path));
}
