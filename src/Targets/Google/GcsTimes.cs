using System.Globalization;

namespace SecureBackup.Targets.Google;

internal static class GcsTimes
{
    /// <summary>In whole seconds, which is what the answers that are bytes give.</summary>
    public static DateTimeOffset OfStore(DateTimeOffset time) => time.ToUniversalTime().AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));

    public static string TagOf(long generation) => generation.ToString(CultureInfo.InvariantCulture);
}
