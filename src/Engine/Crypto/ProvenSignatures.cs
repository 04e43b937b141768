using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// Signatures that were verified before. Whether one is valid depends on its key, its bytes and what it is over, and on nothing that changes; whether its maker had a right to it is not kept here.
/// Thread-safe.
/// </summary>
/// <param name="known">As <see cref="Seen"/> of an earlier one gave them.</param>
internal sealed class ProvenSignatures(IReadOnlySet<Id256> known)
{
    private const int SignedBytes = Id256.SizeBytes + Id256.SizeBytes + VerifyKey.SignatureBytes;

    private readonly Lock _lock = new();
    private readonly List<Id256> _seen = new(known.Count);
    private int _newOnes;

    /// <summary>Valid ones that were asked for and had not been known.</summary>
    internal int NewOnes => _newOnes;

    /// <summary>All valid ones that were asked for, by SHA-256(key ‖ signed hash ‖ signature); one may come twice.</summary>
    internal IReadOnlyList<Id256> Seen => _seen;

    /// <inheritdoc cref="VerifyKey.Verify(ContentHash, ReadOnlySpan{byte})"/>
    internal bool Verify(VerifyKey key, ContentHash hash, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != VerifyKey.SignatureBytes)
        {
            return false;
        }

        Span<byte> proven = stackalloc byte[SignedBytes];
        key.Value.CopyTo(proven);
        hash.Value.CopyTo(proven[Id256.SizeBytes..]);
        signature.CopyTo(proven[(2 * Id256.SizeBytes)..]);
        Span<byte> id = stackalloc byte[Id256.SizeBytes];
        SHA256.HashData(proven, id);
        var name = Id256.Read(id);
        var isKnown = known.Contains(name);
        if (!isKnown && !key.Verify(hash, signature))
        {
            return false;
        }

        lock (_lock)
        {
            _seen.Add(name);
            _newOnes += isKnown ? 0 : 1;
        }

        return true;
    }
}
