namespace SecureBackup.Engine.Chunking;

/// <summary>Cuts a stream where its content says. Immutable: one serves all threads.</summary>
public interface IChunker
{
    /// <summary>The name that is stored in the vault.</summary>
    string Name { get; }

    /// <summary>No chunk but the last of a stream is shorter.</summary>
    int MinBytes { get; }

    /// <summary>No chunk is longer. A window of this length always gets an answer, and no byte of it is then scanned twice.</summary>
    int MaxBytes { get; }

    /// <summary>
    /// The length of the chunk that starts with the window, or −1 when more bytes are needed to tell. It depends on nothing but the bytes since the
    /// last boundary, so that it does not matter how the stream is sliced into windows.
    /// </summary>
    /// <param name="window">From the last boundary on, as far as read.</param>
    /// <param name="isLast">Nothing follows the window; it is then cut to its end, and an empty one gives 0.</param>
    int NextBoundary(ReadOnlySpan<byte> window, bool isLast);
}
