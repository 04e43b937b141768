namespace SecureBackup.Engine.Pipeline;

/// <summary>Fresh bytes of one content, or of several in a row. They count once it is known that the content holds: what is read once more is counted once.</summary>
internal sealed class FreshTally(ContentMeter meter)
{
    private long _bytes;

    /// <summary>From any thread.</summary>
    internal void Add(int bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>Nothing of the content is on its way any more.</summary>
    internal void Keep() => meter.AddFresh(Interlocked.Exchange(ref _bytes, 0));

    /// <inheritdoc cref="Keep"/>
    internal void Drop() => Interlocked.Exchange(ref _bytes, 0);
}
