namespace SecureBackup.Targets.Azure;

/// <summary>The store keeps whole seconds.</summary>
internal static class AzureTimes
{
    public static DateTimeOffset OfStore(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond)).ToUniversalTime();

    /// <summary>The first that the store can keep and that is not earlier.</summary>
    public static DateTimeOffset NotBefore(DateTimeOffset time) => OfStore(time.AddTicks(TimeSpan.TicksPerSecond - 1));
}
