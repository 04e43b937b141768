namespace SecureBackup.Targets.S3;

/// <summary>Times of the store, in whole seconds: listings have more of them than stats and receipts do.</summary>
internal static class S3Times
{
    public static DateTimeOffset OfStore(DateTime? time) => OfStore(new DateTimeOffset(DateTime.SpecifyKind((time ?? DateTime.UnixEpoch).ToUniversalTime(), DateTimeKind.Utc)));

    public static DateTimeOffset OfStore(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
