using SecureBackup.Engine.Pipeline;

namespace SecureBackup.PowerShell.Output;

/// <summary>What a restore would take, as Restore-CustomerBackup -WhatIf finds it out.</summary>
public sealed class RestorePreflight
{
    private RestorePreflight(string vault, string destination, RestoreForecast forecast)
    {
        Snapshot = forecast.Snapshot.Id.ToString();
        DataSet = forecast.Snapshot.DataSet;
        SnapshotTime = forecast.Snapshot.StartedAt.ToDateTimeOffset().ToLocalTime();
        HostName = forecast.Snapshot.HostName;
        Destination = destination;
        FileCount = forecast.Files;
        KeptCount = forecast.KeptFiles;
        DirectoryCount = forecast.Folders;
        OtherCount = forecast.Others;
        DeleteCount = forecast.Extras;
        WriteBytes = forecast.WriteBytes;
        ReadBytes = forecast.ReadBytes;
        PackCount = forecast.Packs;
        ColdPackCount = forecast.Cold.Count;
        WarmingPackCount = forecast.Cold.Warming;
        ColdBytes = forecast.Cold.Bytes;
        NeededBytes = forecast.Spaces.Sum(static space => space.NeededBytes);
        FreeBytes = forecast.Spaces.Sum(static space => space.FreeBytes);
        Spaces = [.. forecast.Spaces.Select(static space => new RestoreSpace(space))];
        Fits = forecast.Fits;
        MissingEpochs = [.. forecast.MissingEpochs.Select(static epoch => (long)epoch)];
        Faults = [.. forecast.Faults.Select(BackupFault.From)];
        Vault = vault;
    }

    public string Snapshot { get; }

    public string DataSet { get; }

    public DateTimeOffset SnapshotTime { get; }

    /// <summary>The machine that made the snapshot.</summary>
    public string HostName { get; }

    public string Destination { get; }

    /// <summary>Files to write.</summary>
    public long FileCount { get; }

    /// <summary>Files that stand there and would be left, or look the same; with -InPlace their content is compared when the restore runs.</summary>
    public long KeptCount { get; }

    public long DirectoryCount { get; }

    /// <summary>Further names, links, devices and the like.</summary>
    public long OtherCount { get; }

    /// <summary>Entries that -Mirror would remove, at most: what is mounted in between stays.</summary>
    public long DeleteCount { get; }

    /// <summary>Content to write, holes left out.</summary>
    public long WriteBytes { get; }

    /// <summary>Bytes to read from the vault; with -InPlace at most so many.</summary>
    public long ReadBytes { get; }

    /// <summary>Objects of the vault to read from.</summary>
    public long PackCount { get; }

    /// <summary>Of them, those that lie in an archive and cannot be read yet; at least so many where the snapshot's listing lies there too.</summary>
    public long ColdPackCount { get; }

    /// <summary>Of those, the ones that were asked for already.</summary>
    public long WarmingPackCount { get; }

    public long ColdBytes { get; }

    public long NeededBytes { get; }

    public long FreeBytes { get; }

    /// <summary>The same for each file system.</summary>
    public IReadOnlyList<RestoreSpace> Spaces { get; }

    public bool Fits { get; }

    /// <summary>Epochs of the vault whose key this key does not hold.</summary>
    public IReadOnlyList<long> MissingEpochs { get; }

    public long FaultCount => Faults.Count;

    /// <summary>What would not come back.</summary>
    public IReadOnlyList<BackupFault> Faults { get; }

    public string Vault { get; }

    internal static RestorePreflight From(string vault, string destination, RestoreForecast forecast) => new(vault, destination, forecast);
}

/// <summary>Room on one file system.</summary>
public sealed class RestoreSpace
{
    internal RestoreSpace(SpaceForecast forecast)
    {
        Path = forecast.Path;
        NeededBytes = forecast.NeededBytes;
        FreeBytes = forecast.FreeBytes;
    }

    public string Path { get; }

    public long NeededBytes { get; }

    public long FreeBytes { get; }

    public override string ToString() => $"{Path}: {Display.Size(NeededBytes)} of {Display.Size(FreeBytes)}";
}
