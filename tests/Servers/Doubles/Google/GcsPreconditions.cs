namespace SecureBackup.Tests.Servers.Doubles.Google;

internal static class GcsPreconditions
{
    /// <param name="stored">Null where there is none; generation 0 stands for that.</param>
    /// <param name="source">"Source" for the conditions on what is copied.</param>
    public static void ThrowIfUnmet(GcsCall call, GcsObject? stored, bool isRead, string source = "")
    {
        var isMet = IsMet(call.Number($"if{source}GenerationMatch"), stored?.Generation ?? 0)
            && (stored is null || IsMet(call.Number($"if{source}MetagenerationMatch"), stored.Metageneration));
        if (!isMet)
        {
            throw GcsFault.Precondition();
        }

        var isSame = IsSame(call.Number($"if{source}GenerationNotMatch"), stored?.Generation ?? 0)
            || (stored is not null && IsSame(call.Number($"if{source}MetagenerationNotMatch"), stored.Metageneration));
        if (isSame)
        {
            throw isRead ? new GcsFault(304, "notModified", "Not Modified") : GcsFault.Precondition();
        }
    }

    public static void ThrowIfUnmet(GcsCall call, GcsBucket bucket)
    {
        if (!IsMet(call.Number("ifMetagenerationMatch"), bucket.Metageneration) || IsSame(call.Number("ifMetagenerationNotMatch"), bucket.Metageneration))
        {
            throw GcsFault.Precondition();
        }
    }

    private static bool IsMet(long? wanted, long actual) => wanted is null || wanted == actual;

    private static bool IsSame(long? unwanted, long actual) => unwanted == actual;
}
