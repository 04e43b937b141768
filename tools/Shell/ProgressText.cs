using System.Globalization;
using System.Management.Automation;

namespace SecureBackup.Shell;

/// <summary>All running activities as one line, parents before children.</summary>
internal static class ProgressText
{
    public static string Of(IEnumerable<ProgressRecord> records) =>
        string.Join(" > ", records.OrderBy(record => record.ActivityId).Select(Of));

    private static string Of(ProgressRecord record)
    {
        var percent = record.PercentComplete >= 0 ? string.Create(CultureInfo.CurrentCulture, $" {record.PercentComplete,3}%") : string.Empty;
        var remaining = record.SecondsRemaining >= 0 ? $", {TimeSpan.FromSeconds(record.SecondsRemaining):c} left" : string.Empty;
        return $"{record.Activity}{percent} {record.StatusDescription}{remaining}".ReplaceLineEndings(" ").TrimEnd();
    }
}
