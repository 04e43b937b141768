using System.Globalization;

namespace SecureBackup.PowerShell.Output;

/// <summary>What the views of SecureBackup.Format.ps1xml show; objects themselves hold exact values.</summary>
public static class Display
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Three significant digits: <c>999 B</c>, <c>1.95 KiB</c>, <c>12.3 MiB</c>, <c>345 GiB</c>.</summary>
    public static string Size(long bytes)
    {
        double value = bytes;
        var unit = 0;
        while (Math.Abs(value) >= 1000 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var format = unit == 0 || Math.Abs(value) >= 99.95 ? "F0" : Math.Abs(value) >= 9.995 ? "F1" : "F2";
        return $"{value.ToString(format, CultureInfo.CurrentCulture)} {Units[unit]}";
    }

    /// <summary>Twelve characters name a snapshot in any vault that people keep; every cmdlet takes such a prefix.</summary>
    public static string ShortId(string id) => id is { Length: > 12 } ? id[..12] : id;

    /// <summary>Local time to the second, sortable by eye.</summary>
    public static string Time(DateTimeOffset? time) =>
        time is { } known ? known.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : string.Empty;

    public static string Duration(TimeSpan duration) => duration.TotalSeconds < 60
        ? string.Create(CultureInfo.CurrentCulture, $"{duration.TotalSeconds:F1} s")
        : duration.ToString(duration.TotalDays < 1 ? @"h\:mm\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture);

    /// <summary>A line each, and one more for what to do about one that failed.</summary>
    public static string Checks(IReadOnlyList<BackupTargetCheck> checks)
    {
        var width = checks.Max(static check => (int?)check.Name.Length) ?? 0;
        return string.Join('\n', checks.Select(check =>
            $"{check.Result,-10}  {check.Name.PadRight(width)}  {(check.Code is null ? "" : $"{check.Code}: ")}{check.Detail}{(check.Remedy is null ? "" : $"\n{"",12}{"".PadRight(width)}  {check.Remedy}")}"));
    }

    /// <summary>Permission bits as <c>rwxr-x---</c>, set-id and sticky bits in their places; empty where there are none.</summary>
    public static string Mode(int? mode)
    {
        if (mode is not { } bits)
        {
            return string.Empty;
        }

        Span<char> text = stackalloc char[9];
        for (var i = 0; i < 9; i++)
        {
            text[i] = (bits & (0x100 >> i)) != 0 ? "rwx"[i % 3] : '-';
        }

        MarkSpecial(text, 2, (bits & 0x800) != 0, 's', 'S');
        MarkSpecial(text, 5, (bits & 0x400) != 0, 's', 'S');
        MarkSpecial(text, 8, (bits & 0x200) != 0, 't', 'T');
        return new string(text);
    }

    private static void MarkSpecial(Span<char> text, int index, bool isSet, char withExecute, char without)
    {
        if (isSet)
        {
            text[index] = text[index] == 'x' ? withExecute : without;
        }
    }
}
