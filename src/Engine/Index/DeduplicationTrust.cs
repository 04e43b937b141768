using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>
/// Against whose packs a writer may deduplicate. One stolen writer could say that a chunk is stored and so keep every other host from storing
/// it: so only one's own packs count, owners', and those that a verifier opened and attested.
/// </summary>
public sealed record DeduplicationTrust(MemberId Self, IMemberDirectory Members)
{
    /// <summary>The vault's policy, at its owner's word: every member's packs count.</summary>
    public bool TrustsAllMembers { get; init; }

    /// <summary>Packs on their way out: what lies in them alone is stored again.</summary>
    public IReadOnlySet<PackId> Condemned { get; init; } = new HashSet<PackId>();

    /// <summary>Whether a pack is on the target at all: what lies in lost ones alone is stored again.</summary>
    public Func<PackId, bool> IsPresent { get; init; } = static _ => true;

    public bool Covers(ChunkLocation location)
    {
        if (Condemned.Contains(location.Pack.Id) || !IsPresent(location.Pack.Id) || location.SaidBy is { IsRevoked: true })
        {
            return false;
        }

        return IsReliable(location.Pack, location.IsAttested);
    }

    /// <summary>Whether the pack's writer is one whose word about its packs counts.</summary>
    /// <param name="isAttested">Whether a verifier found what is said: not of the pack alone, since a thief can say of a good pack that it holds what it does not.</param>
    internal bool IsReliable(PackRecord pack, bool isAttested = false)
    {
        var writer = Members.Find(pack.Writer);
        return writer is { IsRevoked: false }
            && (writer.Id == Self || writer.Has(MemberRoles.Owner) || TrustsAllMembers || isAttested);
    }
}
