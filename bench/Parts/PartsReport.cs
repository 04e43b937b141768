using System.Globalization;
using SecureBackup.Bench.Samples;
using SecureBackup.Engine.Packing;

namespace SecureBackup.Bench.Parts;

/// <summary>Rates from times: MB/s for what works on bytes, operations a second for the rest.</summary>
internal sealed class PartsReport(IReadOnlyList<SampleSet> sets, IReadOnlyList<PartFigure> parts, IReadOnlyList<MachineLimit> limits)
{
    internal void Print()
    {
        PrintBytes();
        PrintOperations();
        PrintLimits();
    }

    private static string Text(double value, string format = "#,0") => value.ToString(format, CultureInfo.InvariantCulture);

    private static bool IsSame(string left, string right) => string.Equals(left, right, StringComparison.Ordinal);

    private void PrintBytes()
    {
        var table = new TextTable(["MB/s of one core", .. sets.Select(static set => set.Name), "bytes allocated per chunk"]);
        foreach (var group in parts.Where(static part => part.Set.Length > 0 && part.Name is not PartNames.Walk and not PartNames.Look and not PartNames.Read).GroupBy(static part => part.Name, StringComparer.Ordinal))
        {
            table.Add([group.Key, .. sets.Select(set => RateOf(group.First(part => IsSame(part.Set, set.Name)))), Text(group.Max(static part => (double)part.AllocatedBytes / PartSample.Of(part.Set).Chunks.Count), "0.#")]);
        }

        table.Add(["stored, % of content", .. sets.Select(static set => Text(100.0 * PartSample.Of(set.Name).PayloadBytes / PartSample.Of(set.Name).Bytes)), "–"]);
        table.Print();
    }

    private static string RateOf(PartFigure part)
    {
        var sample = PartSample.Of(part.Set);
        return Text((PartNames.IsOfPayload(part.Name) ? sample.PayloadBytes : sample.Bytes) / part.Nanoseconds * 1000);
    }

    private void PrintOperations()
    {
        var table = new TextTable(["operation", "a second", "MB/s", "bytes allocated"]);
        foreach (var part in parts.Where(static part => part.Set.Length == 0))
        {
            var bytes = part.Name switch { PartNames.WritePack or PartNames.ReadPack => PackSize.DefaultBytes, PartNames.WriteBack => RestoreParts.LargeBytes, _ => 0 };
            table.Add([part.Name, Text(1e9 / part.Nanoseconds), bytes == 0 ? string.Empty : Text(bytes / part.Nanoseconds * 1000), Text(part.AllocatedBytes)]);
        }

        foreach (var part in parts.Where(static part => part.Name is PartNames.Walk or PartNames.Look or PartNames.Read))
        {
            var set = sets.First(set => IsSame(set.Name, part.Set));
            var bytes = part.Name is PartNames.Read ? Text(set.SizeBytes / part.Nanoseconds * 1000) : string.Empty;
            table.Add([$"{part.Name}: {part.Set}", Text(set.Files.Count * 1e9 / part.Nanoseconds), bytes, Text(part.AllocatedBytes / (double)set.Files.Count)]);
        }

        table.Print();
    }

    private void PrintLimits()
    {
        var table = new TextTable(["the machine", "MB/s"]);
        foreach (var limit in limits)
        {
            table.Add([limit.Set.Length == 0 ? limit.Name : $"{limit.Name}: {limit.Set}", limit.Rate is { } rate ? Text(rate) : "not installed"]);
        }

        table.Print();
    }
}
