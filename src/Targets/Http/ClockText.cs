using System.Globalization;

namespace SecureBackup.Targets.Http;

/// <summary>How far a clock is off, in hours: it may be years.</summary>
internal static class ClockText
{
    public static string Of(TimeSpan difference) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Abs((long)difference.TotalHours)}:{difference.Duration():mm\\:ss} {(difference > TimeSpan.Zero ? "ahead of" : "behind")}");
}
