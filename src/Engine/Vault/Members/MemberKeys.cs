using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>All keys of a member to be, and the changes that make it one. An owner's private keys go into a bundle of its own, everybody else's into the key file.</summary>
internal sealed class MemberKeys : IDisposable
{
    private readonly UnlockedVault _owner;
    private readonly SigningKey _signing = SigningKey.Create();
    private readonly IdentityKey _sealing = IdentityKey.Create();
    private readonly RootKey _bundleKey = RootKey.Create();
    private readonly ObjectId _bundle = ObjectId.Random();
    private readonly IReadOnlyList<SealedUnlocker> _unlockers;

    internal MemberKeys(UnlockedVault owner, NewMember member)
    {
        _owner = owner;
        Credential = member.KeyFilePath is null ? null
            : member.IsOwner ? new OwnerKeyCredential(Pin, RootKey.Create())
            : new MemberKeyCredential(Pin, new SigningKey(_signing.Bytes), new IdentityKey(_sealing.Bytes)) { IsWriters = member.Roles == MemberRoles.Writer };
        _unlockers = member.IsOwner ? [.. UnlockersOf(member)] : [];
        var added = new MemberAdded(member.Name, _signing.Public, _sealing.Recipient, member.Roles, MemberAdmission.DataSetsOf(owner, member.DataSets))
        {
            MayRead = member.MayRead && !member.IsOwner,
        };
        var named = new OwnerBundleNamed(Id, _bundle) { Unlockers = [.. _unlockers.Select(static unlocker => unlocker.Named)] };
        Changes = [added, .. MemberAdmission.GrantsOf(owner, added), .. member.IsOwner ? [named] : Array.Empty<RegisterChange>()];
    }

    internal MemberId Id => _signing.Id;

    /// <summary>What goes into the key file; null where none is wanted.</summary>
    internal PinnedCredential? Credential { get; }

    internal IReadOnlyList<RegisterChange> Changes { get; }

    private VaultPin Pin => new(_owner.Id, _owner.Register.Genesis, _owner.Register.Head);

    /// <summary>An owner's bundle and what unlocks it; nothing for others. The vault's private keys are not in the bundle: they come by the grants.</summary>
    internal async Task StoreAsync(CancellationToken cancellationToken)
    {
        if (_unlockers.Count == 0)
        {
            return;
        }

        foreach (var unlocker in _unlockers)
        {
            await unlocker.StoreAsync(_owner.Store, cancellationToken);
        }

        var bundle = new OwnerBundle(Pin.Genesis, Pin.Head, _signing, _sealing, new Dictionary<uint, IdentityKey>());
        await _owner.Store.PutAsync(ObjectNames.Bundle(_bundle), bundle.Seal(_owner.Id, _bundle, _bundleKey), cancellationToken);
    }

    public void Dispose()
    {
        Credential?.Dispose();
        _signing.Dispose();
        _sealing.Dispose();
        _bundleKey.Dispose();
    }

    private IEnumerable<SealedUnlocker> UnlockersOf(NewMember member)
    {
        if (Credential is OwnerKeyCredential file)
        {
            using var unlocker = NewUnlocker.Of(file.Secret, "key file");
            yield return unlocker.Seal(_owner.Id, Id, _owner.Now, _bundleKey);
        }

        if (member.Passphrase is { } text)
        {
            using var passphrase = new PassphraseCredential(text);
            using var unlocker = NewUnlocker.Of(passphrase, member.Stretching, "passphrase");
            yield return unlocker.Seal(_owner.Id, Id, _owner.Now, _bundleKey);
        }
    }
}
