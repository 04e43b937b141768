using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <param name="IfAbsent">Never overwrite: refuse if the name exists.</param>
/// <param name="Sha256">What the bytes must hash to. The target proves it before it acknowledges; a mismatch leaves nothing and is an <c>IntegrityException</c>.</param>
public sealed record PutOptions(bool IfAbsent = true, ContentHash? Sha256 = null)
{
    public static PutOptions Default { get; } = new();

    /// <summary>From the first moment on. A store that cannot keep it is asked nothing: <c>LockNotKept</c>. What the store says back is read, see <see cref="PutReceipt.Lock"/>.</summary>
    public ObjectLock? Lock { get; init; }

    public bool LegalHold { get; init; }

    /// <summary>By the platform's own name; null takes the target's setting, which applies to packs alone.</summary>
    public string? StorageClass { get; init; }

    /// <summary>
    /// Nobody else ever puts this name (it is random): our own bytes that are there already are those of an earlier try, or of a request that the way to the store
    /// doubled.
    /// </summary>
    public bool IsOwnName { get; init; }

    /// <summary>A wish: this machine's memory need not keep what is stored. For a content that lies in memory as a whole, put by who is on a thread of its own.</summary>
    public bool PastCache { get; init; }
}

/// <param name="StoreTime">When, by the store's own clock.</param>
public sealed record PutReceipt(long LengthBytes, DateTimeOffset StoreTime)
{
    /// <summary>The store's mark of this very content (ETag, generation); null where it has none. Equal to that in listings.</summary>
    public string? Tag { get; init; }

    public string? Version { get; init; }

    /// <summary>As read back; null where none was asked for, or this put was not among those that are read back (the first of a target, and every fiftieth).</summary>
    public LockState? Lock { get; init; }
}
