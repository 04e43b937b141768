using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>How an unlocker's key is come by.</summary>
internal enum UnlockerKind
{
    Passphrase,
    KeyFile,
    Shares,
}

/// <summary>What is known of a set of recovery shares without any of them.</summary>
/// <param name="Threshold">How many of the <paramref name="Count"/> shares it takes.</param>
/// <param name="Identifier">Stands in every share of the set.</param>
internal sealed record ShareSet(int Threshold, int Count, int Identifier);

/// <summary>
/// One way to an owner's bundle key. Anybody who can write to the target can add or change unlockers: nothing here is believed until
/// the register names the unlocker by its hash, or, where it names none, until the bundle key opens the bundle which it names.
/// </summary>
/// <param name="Label">For people.</param>
internal sealed record Unlocker(ObjectHeader Header, UnlockerKind Kind, MemberId Owner, string Label, Timestamp CreatedAt)
{
    internal const int MaxBytes = 64 * 1024;
    internal const int MaxCount = 1024;

    /// <summary>For a passphrase alone.</summary>
    internal Argon2Parameters? Stretching { get; init; }

    internal ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>For recovery shares alone.</summary>
    internal ShareSet? Shares { get; init; }

    /// <summary>The bundle key, sealed under the unlocking key; empty where <see cref="Envelope"/> holds it.</summary>
    internal ReadOnlyMemory<byte> SealedKey { get; init; }

    /// <summary>The bundle key, sealed to <see cref="Wrapping"/> by somebody who did not know the unlocking key; else empty.</summary>
    internal ReadOnlyMemory<byte> Envelope { get; init; }

    /// <summary>
    /// What a later bundle key can be sealed to: the public half of a pair that is drawn from the unlocking key. To be believed only
    /// where the register names the unlocker. Null in those of versions before 0.2.
    /// </summary>
    internal RecipientKey? Wrapping { get; init; }

    /// <summary>Names this way in, whatever bundle key it leads to at the moment: the hash of the wrapping key, or of the object where there is none.</summary>
    internal Id256 Key => Wrapping is { } wrapping ? ContentHash.Of(wrapping.Bytes).Value : Header.Object.Value;

    internal static ReadOnlyMemory<byte> NewSalt() => RandomNumberGenerator.GetBytes(PassphraseKdf.SaltBytes);

    /// <summary>The whole object, ready to be stored, made by somebody who holds the unlocking key.</summary>
    internal byte[] Seal(RootKey unlockingKey, RootKey bundleKey)
    {
        using var pair = PairOf(unlockingKey);
        return UnlockerCodec.Encode(this with
        {
            SealedKey = SealedBlob.Seal(new ObjectKey(unlockingKey.Bytes, Header, SealPurpose.Unlock), bundleKey.Bytes),
            Envelope = default,
            Wrapping = pair.Recipient,
        });
    }

    /// <summary>The same way in to another bundle key, as an object of its own, made by somebody who does not hold the unlocking key.</summary>
    /// <exception cref="KeyException">UnlockerNotRenewable.</exception>
    internal (ObjectId Id, byte[] Bytes) Renew(RootKey bundleKey)
    {
        if (Wrapping is not { } wrapping)
        {
            throw new KeyException(
                FaultCodes.UnlockerNotRenewable, $"The key '{Label}' ({Key}) was added by an earlier version, and cannot be carried over without its secret.");
        }

        var header = Header with { Object = ObjectId.Random() };
        var envelope = KemEnvelope.Seal(wrapping, header, SealPurpose.Unlock, bundleKey.Bytes);
        return (header.Object, UnlockerCodec.Encode(this with { Header = header, SealedKey = default, Envelope = envelope }));
    }

    internal static Unlocker Read(ReadOnlyMemory<byte> bytes, VaultId vault, ObjectId id) => UnlockerCodec.Decode(bytes, vault, id);

    /// <returns>The bundle key; null when <paramref name="unlockingKey"/> does not fit.</returns>
    internal RootKey? TryOpen(RootKey unlockingKey)
    {
        using var plain = Envelope.IsEmpty
            ? SealedBlob.TryOpen(new ObjectKey(unlockingKey.Bytes, Header, SealPurpose.Unlock), SealedKey.Span, SecretKey.SizeBytes)
            : OpenEnvelope(unlockingKey);
        return plain is null ? null
            : plain.LengthBytes == SecretKey.SizeBytes ? new RootKey(plain.Span)
            : throw new IntegrityException(FaultCodes.Malformed, $"The unlocker {Header.Object} holds no key of 32 bytes.");
    }

    private OwnedBuffer? OpenEnvelope(RootKey unlockingKey)
    {
        using var pair = PairOf(unlockingKey);
        return KemEnvelope.TryOpen(pair, Header, SealPurpose.Unlock, Envelope.Span, SecretKey.SizeBytes);
    }

    private static IdentityKey PairOf(RootKey unlockingKey)
    {
        using var seed = DerivedKey.Derive(unlockingKey, "sb1/rewrap"u8);
        return new IdentityKey(seed.Bytes);
    }
}
