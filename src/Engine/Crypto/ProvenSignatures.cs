using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// Signatures that were verified before. Whether one is valid depends on its key, its bytes and what it is over; whether its maker had a right to it is not kept here. Any number of threads may call
/// <see cref="Verify"/>.
/// </summary>
/// <param name="known">As <see cref="Seen"/> of an earlier one gave them.</param>
internal sealed class ProvenSignatures(IReadOnlySet<Id256> known)
{
    private const int ProvenBytes = Id256.SizeBytes + Id256.SizeBytes + VerifyKey.SignatureBytes;

    private readonly Lock _lock = new();
    private readonly HashSet<Id256> _seen = new(known.Count);

    internal int KnownCount => known.Count;

    /// <summary>How many valid ones were asked for that had not been known.</summary>
    internal int NewCount { get; private set; }

    /// <summary>All valid ones that were asked for, by SHA-256(key ‖ signed hash ‖ signature).</summary>
    internal IReadOnlySet<Id256> Seen => _seen;

    /// <inheritdoc cref="VerifyKey.Verify(ContentHash, ReadOnlySpan{byte})"/>
    internal bool Verify(VerifyKey key, ContentHash hash, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != VerifyKey.SignatureBytes)
        {
            return false;
        }

        Span<byte> proven = stackalloc byte[ProvenBytes];
        key.Value.CopyTo(proven);
        hash.Value.CopyTo(proven[Id256.SizeBytes..]);
        signature.CopyTo(proven[(2 * Id256.SizeBytes)..]);
        var name = ContentHash.Of(proven).Value;
        var isKnown = known.Contains(name);
        if (!isKnown && !IsSeen(name) && !key.Verify(hash, signature))
        {
            return false;
        }

        lock (_lock)
        {
            NewCount += _seen.Add(name) && !isKnown ? 1 : 0;
        }

        return true;
    }

    private bool IsSeen(Id256 name)
    {
        lock (_lock)
        {
            return _seen.Contains(name);
        }
    }
}
