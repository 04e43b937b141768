using System.Globalization;
using System.Text;

namespace SecureBackup.Tests.Unit.TenYears;

/// <summary>The vault at the end of a year.</summary>
internal sealed record YearSample(int Year)
{
    public required int Backups { get; init; }

    public required int Snapshots { get; init; }

    public required int Removed { get; init; }

    public required int RemovalRecords { get; init; }

    public required int Objects { get; init; }

    public required long PackBytes { get; init; }

    public required long TotalBytes { get; init; }

    public required double BackupMilliseconds { get; init; }

    public required double RemovalMilliseconds { get; init; }

    public required double OpenMilliseconds { get; init; }

    public required int Erased { get; init; }

    /// <summary>Of all that were erased in the year, together.</summary>
    public required double ErasureMilliseconds { get; init; }
}

/// <summary>Size and time over the years, as a table and as two charts of text.</summary>
internal sealed class YearCurve
{
    private readonly List<YearSample> _samples = [];

    public IReadOnlyList<YearSample> Samples => _samples;

    public void Add(YearSample sample) => _samples.Add(sample);

    public string Render(string what)
    {
        var text = new StringBuilder();
        text.Append("# Ten years in fast motion\n\n").Append(what).Append("\n\n")
            .Append("| year | backups | standing | removed | removal records | objects | packs MB | all MB | a backup ms | a removal ms | open and list ms | erased | the year's erasures ms |\n")
            .Append("|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var sample in _samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {sample.Year} | {sample.Backups} | {sample.Snapshots} | {sample.Removed} | {sample.RemovalRecords} | {sample.Objects} ")
                .Append(CultureInfo.InvariantCulture, $"| {sample.PackBytes / 1e6:F2} | {sample.TotalBytes / 1e6:F2} | {sample.BackupMilliseconds:F0} | {sample.RemovalMilliseconds:F0} | {sample.OpenMilliseconds:F0} | {sample.Erased} | {sample.ErasureMilliseconds:F0} |\n");
        }

        Chart(text, "Bytes on the target", "MB", static sample => sample.TotalBytes / 1e6);
        Chart(text, "Objects on the target", "", static sample => sample.Objects);
        Chart(text, "One backup", "ms", static sample => sample.BackupMilliseconds);
        Chart(text, "Opening and listing on an empty machine", "ms", static sample => sample.OpenMilliseconds);
        return text.ToString();
    }

    private void Chart(StringBuilder text, string title, string unit, Func<YearSample, double> valueOf)
    {
        const int Width = 60;
        var most = Math.Max(1e-9, _samples.Max(valueOf));
        text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n```\n");
        foreach (var sample in _samples)
        {
            var value = valueOf(sample);
            var bar = new string('#', (int)(Width * value / most)).PadRight(Width);
            text.Append(string.Create(CultureInfo.InvariantCulture, $"year {sample.Year,2} {bar} {value:N1} {unit}").TrimEnd()).Append('\n');
        }

        text.Append("```\n");
    }
}
