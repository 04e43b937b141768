using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Something that opens a vault. Holds secrets; whoever made it disposes it, which wipes them. An opened vault keeps copies of its own.</summary>
public abstract class VaultCredential : IDisposable
{
    public abstract void Dispose();
}

/// <summary>An owner's passphrase. Pins nothing.</summary>
public sealed class PassphraseCredential : VaultCredential
{
    private readonly char[] _passphrase;

    /// <param name="passphrase">Copied; still the caller's to wipe.</param>
    public PassphraseCredential(ReadOnlyMemory<char> passphrase)
    {
        _passphrase = GC.AllocateUninitializedArray<char>(passphrase.Length, pinned: true);
        passphrase.Span.CopyTo(_passphrase);
    }

    internal ReadOnlySpan<char> Passphrase => _passphrase;

    public override void Dispose()
    {
        CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(_passphrase.AsSpan()));
        GC.SuppressFinalize(this);
    }
}

/// <summary>What a credential file knows of its vault since it was written.</summary>
public sealed record VaultPin(VaultId Vault, ContentHash Genesis, RegisterHead Head);

/// <summary>A credential that stands in a file, with the pin of its vault.</summary>
public abstract class PinnedCredential(VaultPin pin) : VaultCredential
{
    public VaultPin Pin { get; } = pin;
}

/// <summary>An owner's key file.</summary>
/// <param name="secret">The unlocking key; owned from here on.</param>
public sealed class OwnerKeyCredential(VaultPin pin, RootKey secret) : PinnedCredential(pin)
{
    internal RootKey Secret { get; } = secret;

    public override void Dispose() => Secret.Dispose();
}

/// <summary>The key of a member that is no owner, for example of a backup host. What it may do stands in the register.</summary>
/// <param name="signing">Owned from here on, as is <paramref name="sealing"/>.</param>
public sealed class MemberKeyCredential(VaultPin pin, SigningKey signing, IdentityKey sealing) : PinnedCredential(pin)
{
    /// <summary>How its file is labelled; every reader takes either label for either.</summary>
    internal bool IsWriters { get; init; }

    internal SigningKey Signing { get; } = signing;

    internal IdentityKey Sealing { get; } = sealing;

    public override void Dispose()
    {
        Signing.Dispose();
        Sealing.Dispose();
    }
}

/// <summary>The secret of a set of recovery shares, put together again.</summary>
/// <param name="secret">The unlocking key; owned from here on.</param>
/// <param name="pin">What the sheets say; null for words that were typed.</param>
public sealed class SharesCredential(RootKey secret, VaultPin? pin) : VaultCredential
{
    public VaultPin? Pin { get; } = pin;

    internal RootKey Secret { get; } = secret;

    public override void Dispose() => Secret.Dispose();
}
