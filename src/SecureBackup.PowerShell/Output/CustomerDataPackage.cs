using SecureBackup.Engine.Pipeline;

namespace SecureBackup.PowerShell.Output;

/// <summary>A package of everything that backups hold of one customer.</summary>
public sealed class CustomerDataPackage
{
    private CustomerDataPackage(string path, SubjectPackage package, long sizeBytes)
    {
        Path = path;
        Subject = package.Subject;
        DataSets = [.. package.Versions.Select(version => version.First.Snapshot.DataSet).Distinct(StringComparer.Ordinal)];
        RecordCount = package.Versions.Count;
        SizeBytes = sizeBytes;
        Created = package.Created.ToLocalTime();
        Expires = package.Expires.ToLocalTime();
        Faults = [.. package.Faults.Select(BackupFault.From)];
    }

    public string Path { get; }

    public string Subject { get; }

    public IReadOnlyList<string> DataSets { get; }

    /// <summary>Versions of records, each once.</summary>
    public int RecordCount { get; }

    public long SizeBytes { get; }

    public DateTimeOffset Created { get; }

    /// <summary>The next data command on this host after this time deletes the package.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>What could not be read; empty where the package is complete.</summary>
    public IReadOnlyList<BackupFault> Faults { get; }

    public override string ToString() => Path;

    internal static CustomerDataPackage From(string path, SubjectPackage package, long sizeBytes) => new(path, package, sizeBytes);
}
