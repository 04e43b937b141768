using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.PowerShell.Output;

/// <summary>A registered target. Of its credential nothing is shown but where it comes from.</summary>
public sealed class BackupTarget
{
    private BackupTarget(TargetSettings settings, string platform)
    {
        Name = settings.Name!;
        Uri = settings.Address.Canonical;
        Platform = platform;
        Region = settings.Option("region");
        Endpoint = settings.Option("endpoint");
        Credential = settings.Credential is { Name: { } name } credential ? $"{credential.Source}: {name}" : settings.Credential.Source.ToString();
        StorageClass = settings.Option("storageclass");
        MaxBytesPerSecond = settings.MaxBytesPerSecond;
        Timetable = settings.Timetable;
        IsReadOnly = settings.IsReadOnly;
        Options = new Dictionary<string, string>(settings.Options, StringComparer.Ordinal);
        Registered = settings.RegisteredAt?.ToLocalTime();
    }

    public string Name { get; }

    public string Uri { get; }

    public string Platform { get; }

    public string? Region { get; }

    public string? Endpoint { get; }

    /// <summary>The kind of its source, and the source's name.</summary>
    public string Credential { get; }

    public string? StorageClass { get; }

    public long? MaxBytesPerSecond { get; }

    /// <summary>The first line that fits the hour holds.</summary>
    public IReadOnlyList<string> Timetable { get; }

    public bool IsReadOnly { get; }

    /// <summary>Settings beside those of the address: what was given, and what a check found out.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    public DateTimeOffset? Registered { get; }

    public override string ToString() => Name;

    internal static BackupTarget From(TargetSettings settings, string platform) => new(settings, platform);
}
