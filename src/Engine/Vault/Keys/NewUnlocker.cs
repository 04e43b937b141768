using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>A way in that is about to be added: an unlocking key, and what is said about it in the open. Owns its key.</summary>
internal sealed class NewUnlocker : IDisposable
{
    private readonly RootKey _unlockingKey;
    private readonly Unlocker _outline;

    private NewUnlocker(RootKey unlockingKey, Unlocker outline)
    {
        _unlockingKey = unlockingKey;
        _outline = outline;
    }

    /// <param name="passphrase">Still the caller's to dispose, as are the secrets of the other kinds.</param>
    /// <exception cref="RequestException">EmptyPassphrase, PassphraseNotText.</exception>
    internal static NewUnlocker Of(PassphraseCredential passphrase, Argon2Parameters stretching, string label)
    {
        var outline = Outline(UnlockerKind.Passphrase, label) with { Stretching = stretching, Salt = Unlocker.NewSalt() };
        return new NewUnlocker(PassphraseKdf.Derive(passphrase.Passphrase, outline.Salt.Span, stretching), outline);
    }

    /// <param name="fileSecret">What stands in the key file.</param>
    internal static NewUnlocker Of(RootKey fileSecret, string label) =>
        new(new RootKey(fileSecret.Bytes), Outline(UnlockerKind.KeyFile, label));

    internal static NewUnlocker Of(SharesCredential shares, ShareSet set, string label) =>
        new(new RootKey(shares.Secret.Bytes), Outline(UnlockerKind.Shares, label) with { Shares = set });

    internal SealedUnlocker Seal(VaultId vault, MemberId owner, Timestamp now, RootKey bundleKey)
    {
        var header = new ObjectHeader(ObjectKind.Unlocker, 0, vault, ObjectId.Random());
        return new SealedUnlocker(header.Object, (_outline with { Header = header, Owner = owner, CreatedAt = now }).Seal(_unlockingKey, bundleKey));
    }

    public void Dispose() => _unlockingKey.Dispose();

    private static Unlocker Outline(UnlockerKind kind, string label) => new(default, kind, default, label, default);
}

/// <summary>An unlocker's bytes, not yet stored.</summary>
internal sealed record SealedUnlocker(ObjectId Id, byte[] Bytes)
{
    internal NamedUnlocker Named => new(Id, ContentHash.Of(Bytes));

    internal Task StoreAsync(ObjectStore store, CancellationToken cancellationToken) => store.PutAsync(ObjectNames.Unlocker(Id), Bytes, cancellationToken);
}
