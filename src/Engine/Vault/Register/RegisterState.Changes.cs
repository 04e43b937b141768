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
                return this with { Policy = policy, Policies = Policies.SetItem((uint)Hashes.Count, policy) };
            case TargetAttached target:
                return this with { Targets = Targets.SetItem(target.Id, target.Name) };
            case TargetDetached target:
                return this with { Targets = Targets.Remove(target.Id) };
            case KeyringRoot root:
                Require(root.Replaces == KeyringRoot?.Id, "its keyring root does not replace the one that stands");
                return this with { KeyringRoot = root };
            case Revocation revocation:
                return WithRevocation(revocation);
            case OwnerBundleNamed bundle:
                return WithBundle(bundle);
            case LedgerHead head:
                Require(LedgerHead is null || head.Number > LedgerHead.Number, "its ledger head is not ahead of the one that stands");
                return this with { LedgerHead = head, LedgerHeads = LedgerHeads.Add(head.Number) };
            case HoldPlaced hold:
                Require(!Holds.ContainsKey(hold.Id) && !ReleasedHolds.ContainsKey(hold.Id), "it places a hold for the second time");
                return this with { Holds = Holds.Add(hold.Id, hold) };
            case HoldReleased release:
                Require(Holds.ContainsKey(release.Hold), "it releases a hold that does not stand");
                return this with { Holds = Holds.Remove(release.Hold), ReleasedHolds = ReleasedHolds.Add(release.Hold, release) };
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

    private RegisterState WithBundle(OwnerBundleNamed named)
    {
        Require(Find(named.Owner) is { } owner && owner.Roles.HasFlag(MemberRoles.Owner), "it names a bundle of somebody who is no owner");
        var earlier = Unlockers.GetValueOrDefault(named.Owner, []).Select(static unlocker => unlocker.Id);
        if (Bundles.TryGetValue(named.Owner, out var bundle))
        {
            earlier = earlier.Append(bundle);
        }

        return this with
        {
            Bundles = Bundles.SetItem(named.Owner, named.Bundle),
            Unlockers = named.Unlockers is { } unlockers ? Unlockers.SetItem(named.Owner, unlockers) : Unlockers.Remove(named.Owner),
            RetiredKeys = RetiredKeys.Union(earlier).Except([named.Bundle, .. (named.Unlockers ?? []).Select(static unlocker => unlocker.Id)]),
        };
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
