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
        IsAtMost = planned.IsAtMost;
    }

    /// <summary>Objects that hold content.</summary>
    public long Packs { get; }

    public long PackBytes { get; }

    /// <summary>All objects, packs and what goes with them.</summary>
    public long Objects { get; }

    public long SizeBytes { get; }

    /// <summary>Whether a real run may store less: a dry run of very much keeps only a part of what it would know by then, and counts some content that comes again once more.</summary>
    public bool IsAtMost { get; }

    public override string ToString() => string.Create(CultureInfo.CurrentCulture, $"{(IsAtMost ? "at most " : "")}{Packs:N0} packs with {Display.Size(PackBytes)}; {Objects:N0} objects with {Display.Size(SizeBytes)} in all");

    internal static BackupForecast From(PlannedPuts planned) => new(planned);
}
