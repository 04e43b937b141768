using System.Collections.Immutable;
using SecureBackup.Engine.Crypto;

namespace SecureBackup.Engine.Vault;

/// <summary>What each change does to the state, and which changes are none.</summary>
public sealed partial record RegisterState
{
    private RegisterState With(RegisterChange change)
    {
        switch (change)
        {
            case VaultParameters parameters:
                Require(parameters.PackSizeBytes > 0, "its packs have no size");
                return this with { Parameters = parameters };
            case EpochBegins epoch:
                Require(epoch.Epoch == NewestEpoch + 1, "its epoch does not follow the newest");
                return this with { Epochs = Epochs.Add(epoch.Epoch, epoch.VaultKey) };
            case MemberAdded member:
                return WithMember(member);
            case KeyGrant grant:
                Require(Epochs.ContainsKey(grant.Epoch) && Members.ContainsKey(grant.Member), "it grants an unknown epoch, or to nobody");
                return this with { Grants = Grants.SetItem((grant.Member, grant.Epoch), grant) };
            case VaultPolicy policy:
                return this with { Policy = policy };
            case TargetAttached target:
                return this with { Targets = Targets.SetItem(target.Id, target.Name) };
            case TargetDetached target:
                return this with { Targets = Targets.Remove(target.Id) };
            case KeyringRoot root:
                return this with { KeyringRoot = root };
            case Revocation revocation:
                return WithRevocation(revocation);
            case OwnerBundleNamed bundle:
                Require(Find(bundle.Owner) is { } owner && owner.Roles.HasFlag(MemberRoles.Owner), "it names a bundle of somebody who is no owner");
                return this with { Bundles = Bundles.SetItem(bundle.Owner, bundle.Bundle) };
            case LedgerHead head:
                return this with { LedgerHead = head };
            case RegisterNote:
                return this;
            default:
                throw new ArgumentOutOfRangeException(nameof(change));
        }
    }

    private RegisterState WithMember(MemberAdded member)
    {
        // A key that was revoked once may be in anybody's hands: it never comes back.
        Require(!Revocations.ContainsKey(member.Id), "it adds a member that was revoked");
        var entry = new MemberEntry(member.Id, member.Name, member.Key, member.Roles);
        return this with { Members = Members.SetItem(member.Id, new VaultMember(entry, member.SealingKey, member.DataSets?.ToImmutableHashSet()) { MayRead = member.MayRead }) };
    }

    private RegisterState WithRevocation(Revocation revocation)
    {
        Require(Members.TryGetValue(revocation.Member, out var member), "it revokes somebody who is no member");
        return this with
        {
            Revocations = Revocations.SetItem(revocation.Member, revocation),
            Members = Members.SetItem(revocation.Member, member! with { Entry = member.Entry with { IsRevoked = true } }),
        };
    }
}
