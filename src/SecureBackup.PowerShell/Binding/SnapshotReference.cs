namespace SecureBackup.PowerShell.Binding;

/// <summary>A snapshot as a cmdlet takes it: an id or the beginning of one, and the vault, if what was given knows it.</summary>
public sealed class SnapshotReference
{
    public SnapshotReference(string id)
        : this(id, null)
    {
    }

    internal SnapshotReference(string id, string? vault)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        Id = id;
        Vault = vault;
    }

    public string Id { get; }

    public string? Vault { get; }

    public override string ToString() => Id;
}
