namespace SecureBackup.PowerShell.Output;

/// <summary>A writer credential that was exported.</summary>
public sealed class WriterKeyInfo
{
    private WriterKeyInfo(string path, string name, string memberId, string vault, IReadOnlyList<string> dataSets)
    {
        Path = path;
        Name = name;
        MemberId = memberId;
        Vault = vault;
        DataSets = dataSets;
    }

    /// <summary>The key file. Whoever holds it can add backups to the vault; nobody can read one with it.</summary>
    public string Path { get; }

    public string Name { get; }

    /// <summary>Fingerprint of the key by which the vault knows this writer.</summary>
    public string MemberId { get; }

    /// <summary>The data sets that it may write; empty means all.</summary>
    public IReadOnlyList<string> DataSets { get; }

    public string Vault { get; }

    internal static WriterKeyInfo From(string path, string name, string memberId, string vault, IReadOnlyList<string>? dataSets) =>
        new(path, name, memberId, vault, dataSets ?? []);
}
