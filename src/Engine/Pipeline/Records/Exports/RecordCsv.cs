using System.Text;
using SecureBackup.Engine.Records;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Records as a table (RFC 4180): one row a record, one column for each property that any of them has. Lists and maps are JSON in their cell. A text that a spreadsheet would
/// run as a formula gets an apostrophe in front; the JSON file has it as it is.
/// </summary>
internal static class RecordCsv
{
    private const string FormulaStarts = "=+-@\t\r\n";

    internal static byte[] Encode(IReadOnlyList<object?> records)
    {
        var columns = records.SelectMany(NamesOf).Distinct(StringComparer.Ordinal).ToList();
        var text = new StringBuilder();
        AppendRow(text, columns.Select(static column => CellOf(column)));
        foreach (var record in records)
        {
            AppendRow(text, columns.Select(column => CellOf(ValueOf(record, column))));
        }

        // Spreadsheets take UTF-8 for what it is only behind a byte order mark.
        return [.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(text.ToString())];
    }

    private const string WholeValue = "Value";

    private static IEnumerable<string> NamesOf(object? record) =>
        record is RecordMap map ? map.Entries.Select(static entry => RecordJson.ScalarText(entry.Key) ?? RecordJson.ToText(entry.Key)) : [WholeValue];

    private static object? ValueOf(object? record, string column)
    {
        if (record is not RecordMap map)
        {
            return string.Equals(column, WholeValue, StringComparison.Ordinal) ? record : null;
        }

        foreach (var (key, value) in map.Entries)
        {
            if (string.Equals(RecordJson.ScalarText(key) ?? RecordJson.ToText(key), column, StringComparison.Ordinal))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Numbers may begin with a minus; everything that came from people may not begin a formula.</summary>
    private static string CellOf(object? value)
    {
        var cell = RecordJson.ScalarText(value) ?? RecordJson.ToText(value);
        var isNumber = value is not (null or char) && (value.GetType().IsPrimitive || value is decimal or Int128 or UInt128 or Half or System.Numerics.BigInteger);
        return !isNumber && cell.Length > 0 && FormulaStarts.Contains(cell[0], StringComparison.Ordinal) ? $"'{cell}" : cell;
    }

    private static void AppendRow(StringBuilder text, IEnumerable<string> cells)
    {
        text.AppendJoin(',', cells.Select(static cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append("\r\n");
    }
}
