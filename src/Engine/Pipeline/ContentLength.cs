using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Holds a content to the size that its entry claims, chunk by chunk: a list that names one list a hundred thousand times, eight levels deep, has
/// no end that anybody would live to see.
/// </summary>
internal static class ContentLength
{
    /// <returns>The length with one more chunk.</returns>
    /// <exception cref="IntegrityException">ListingMalformed: the chunk is empty, or more than the entry's size.</exception>
    internal static long Add(long lengthBytes, int chunkBytes, long sizeBytes) => chunkBytes > 0 && chunkBytes <= sizeBytes - lengthBytes
        ? lengthBytes + chunkBytes
        : throw new IntegrityException(
            FaultCodes.ListingMalformed,
            chunkBytes > 0 ? $"Its chunks hold more than the {sizeBytes} bytes of its size." : "One of its chunks is empty.");

    /// <exception cref="IntegrityException">ListingMalformed.</exception>
    internal static void Require(long lengthBytes, long sizeBytes)
    {
        if (lengthBytes != sizeBytes)
        {
            throw new IntegrityException(FaultCodes.ListingMalformed, $"Its chunks hold {lengthBytes} bytes and its size is {sizeBytes}.");
        }
    }
}
