using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>All keys of a member to be, and the changes that make it one. An owner's private keys go into a bundle of its own, everybody else's into the key file.</summary>
internal sealed class MemberKeys : IDisposable
{
    private readonly UnlockedVault _owner;
    private readonly NewMember _member;
    private readonly SigningKey _signing = SigningKey.Create();
    private readonly IdentityKey _sealing = IdentityKey.Create();
    private readonly RootKey _bundleKey = RootKey.Create();
    private readonly ObjectId _bundle = ObjectId.Random();

    internal MemberKeys(UnlockedVault owner, NewMember member)
    {
        _owner = owner;
        _member = member;
        Credential = member.KeyFilePath is null ? null
            : member.IsOwner ? new OwnerKeyCredential(Pin, RootKey.Create())
            : new MemberKeyCredential(Pin, new SigningKey(_signing.Bytes), new IdentityKey(_sealing.Bytes)) { IsWriters = member.Roles == MemberRoles.Writer };
        var added = new MemberAdded(member.Name, _signing.Public, _sealing.Recipient, member.Roles, MemberAdmission.DataSetsOf(owner, member.DataSets))
        {
            MayRead = member.MayRead && !member.IsOwner,
        };
        Changes = [added, .. MemberAdmission.GrantsOf(owner, added), .. member.IsOwner ? [new OwnerBundleNamed(Id, _bundle)] : Array.Empty<RegisterChange>()];
    }

    internal MemberId Id => _signing.Id;

    /// <summary>What goes into the key file; null where none is wanted.</summary>
    internal PinnedCredential? Credential { get; }

    internal IReadOnlyList<RegisterChange> Changes { get; }

    private VaultPin Pin => new(_owner.Id, _owner.Register.Genesis, _owner.Register.Head);

    /// <summary>An owner's bundle and what unlocks it; nothing for others. The vault's private keys are not in the bundle: they come by the grants.</summary>
    internal async Task StoreAsync(CancellationToken cancellationToken)
    {
        if (!_member.IsOwner)
        {
            return;
        }

        if (Credential is OwnerKeyCredential file)
        {
            var unlocker = NewUnlocker(UnlockerKind.KeyFile, "key file");
            await PutAsync(ObjectNames.Unlocker(unlocker.Header.Object), unlocker.Seal(file.Secret, _bundleKey), cancellationToken);
        }

        if (_member.Passphrase is { } text)
        {
            var unlocker = NewUnlocker(UnlockerKind.Passphrase, "passphrase") with { Stretching = _member.Stretching, Salt = Unlocker.NewSalt() };
            using var passphrase = new PassphraseCredential(text);
            using var key = PassphraseKdf.Derive(passphrase.Passphrase, unlocker.Salt.Span, _member.Stretching);
            await PutAsync(ObjectNames.Unlocker(unlocker.Header.Object), unlocker.Seal(key, _bundleKey), cancellationToken);
        }

        var bundle = new OwnerBundle(Pin.Genesis, Pin.Head, _signing, _sealing, new Dictionary<uint, IdentityKey>());
        await PutAsync(ObjectNames.Bundle(_bundle), bundle.Seal(_owner.Id, _bundle, _bundleKey), cancellationToken);
    }

    public void Dispose()
    {
        Credential?.Dispose();
        _signing.Dispose();
        _sealing.Dispose();
        _bundleKey.Dispose();
    }

    private Task<Targets.PutReceipt> PutAsync(ObjectName name, byte[] bytes, CancellationToken cancellationToken) => _owner.Store.PutAsync(name, bytes, cancellationToken);

    private Unlocker NewUnlocker(UnlockerKind kind, string label) =>
        new(new ObjectHeader(ObjectKind.Unlocker, 0, _owner.Id, ObjectId.Random()), kind, Id, label, _owner.Now);
}
