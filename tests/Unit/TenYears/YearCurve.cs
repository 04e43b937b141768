using System.Globalization;
using System.Text;

namespace SecureBackup.Tests.Unit.TenYears;

/// <summary>The vault at the end of a year, and what the year's actions took.</summary>
internal sealed record YearSample(int Year)
{
    public required int Backups { get; init; }

    public required int Snapshots { get; init; }

    public required int Removed { get; init; }

    public required int Erased { get; init; }

    public required int RemovalRecords { get; init; }

    public required int Objects { get; init; }

    public required int Segments { get; init; }

    /// <summary>Of the chunks that a standing snapshot needs.</summary>
    public required long LiveBytes { get; init; }

    public required long PackBytes { get; init; }

    /// <summary>Of all packs ever stored; without collection they would all be there.</summary>
    public required long PackBytesEver { get; init; }

    public required long TotalBytes { get; init; }

    /// <summary>What the process holds beside the target's content.</summary>
    public required long MemoryBytes { get; init; }

    public required Cost Backup { get; init; }

    public required Cost Removal { get; init; }

    public required Cost Collection { get; init; }

    public required Cost DearestCollection { get; init; }

    public required Cost Open { get; init; }

    /// <summary>Of all that were erased in the year, together.</summary>
    public required Cost Erasure { get; init; }

    public required Cost Rotation { get; init; }
}

/// <summary>Size and time over the years, as tables and as charts of text.</summary>
internal sealed class YearCurve
{
    private readonly List<YearSample> _samples = [];

    public IReadOnlyList<YearSample> Samples => _samples;

    public void Add(YearSample sample) => _samples.Add(sample);

    public string Render(string what)
    {
        var text = new StringBuilder();
        text.Append("# Ten years in fast motion\n\n").Append(what).Append('\n');
        Table(
            text, "What is there at the end of each year", "year|backups so far|removed so far|erased so far|snapshots standing|objects|index segments|removal records|live MB|packs MB|packs MB without collection|all MB|memory MB",
            static sample => $"{sample.Backups}|{sample.Removed}|{sample.Erased}|{sample.Snapshots}|{sample.Objects}|{sample.Segments}|{sample.RemovalRecords}|{sample.LiveBytes / 1e6:F2}|{sample.PackBytes / 1e6:F2}|{sample.PackBytesEver / 1e6:F2}|{sample.TotalBytes / 1e6:F2}|{sample.MemoryBytes / 1e6:F1}");
        Table(
            text, "What one action takes, in milliseconds of processor time", "year|backup|removal by rule and a look at what stands|collection|the dearest collection|open and list|the year's erasures together|rotation",
            static sample => $"{sample.Backup.Milliseconds:F0}|{sample.Removal.Milliseconds:F0}|{sample.Collection.Milliseconds:F0}|{sample.DearestCollection.Milliseconds:F0}|{sample.Open.Milliseconds:F0}|{sample.Erasure.Milliseconds:F0}|{sample.Rotation.Milliseconds:F0}");
        Table(
            text, "What one action asks of the target, in requests", "year|backup|removal by rule and a look at what stands|collection|the dearest collection|open and list|the year's erasures together|rotation",
            static sample => $"{sample.Backup.Requests}|{sample.Removal.Requests}|{sample.Collection.Requests}|{sample.DearestCollection.Requests}|{sample.Open.Requests}|{sample.Erasure.Requests}|{sample.Rotation.Requests}");
        var most = _samples.Max(static sample => sample.PackBytesEver) / 1e6;
        Chart(text, "Packs on the target", "MB", most, static sample => sample.PackBytes / 1e6);
        Chart(text, "The same without collection", "MB", most, static sample => sample.PackBytesEver / 1e6);
        Chart(text, "Objects on the target", "", null, static sample => sample.Objects);
        Chart(text, "One backup", "ms", null, static sample => sample.Backup.Milliseconds);
        Chart(text, "One collection", "ms", null, static sample => sample.Collection.Milliseconds);
        return text.ToString();
    }

    private void Table(StringBuilder text, string title, string columns, Func<YearSample, FormattableString> rowOf)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n| {columns.Replace("|", " | ", StringComparison.Ordinal)} |\n");
        text.Append('|').Insert(text.Length, "---|", columns.Count(static sign => sign == '|') + 1).Append('\n');
        foreach (var sample in _samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {sample.Year} | {rowOf(sample).ToString(CultureInfo.InvariantCulture).Replace("|", " | ", StringComparison.Ordinal)} |\n");
        }
    }

    /// <param name="most">What the longest bar stands for; null for the greatest value.</param>
    private void Chart(StringBuilder text, string title, string unit, double? most, Func<YearSample, double> valueOf)
    {
        const int Width = 60;
        var full = Math.Max(1e-9, most ?? _samples.Max(valueOf));
        text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n```\n");
        foreach (var sample in _samples)
        {
            var value = valueOf(sample);
            var bar = new string('#', (int)(Width * value / full)).PadRight(Width);
            text.Append(string.Create(CultureInfo.InvariantCulture, $"year {sample.Year,2} {bar} {value:N1} {unit}").TrimEnd()).Append('\n');
        }

        text.Append("```\n");
    }
}
