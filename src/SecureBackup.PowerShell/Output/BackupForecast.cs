using System.Globalization;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.PowerShell.Output;

/// <summary>What a backup would store, as a dry run found out.</summary>
public sealed class BackupForecast
{
    private BackupForecast(PlannedPuts planned)
    {
        Packs = planned.Packs;
        PackBytes = planned.PackBytes;
        Objects = planned.Objects;
        SizeBytes = planned.Bytes;
    }

    /// <summary>Objects that hold content.</summary>
    public long Packs { get; }

    public long PackBytes { get; }

    /// <summary>All objects, packs and what goes with them.</summary>
    public long Objects { get; }

    public long SizeBytes { get; }

    public override string ToString() => string.Create(CultureInfo.CurrentCulture, $"{Packs:N0} packs with {Display.Size(PackBytes)}; {Objects:N0} objects with {Display.Size(SizeBytes)} in all");

    internal static BackupForecast From(PlannedPuts planned) => new(planned);
}
