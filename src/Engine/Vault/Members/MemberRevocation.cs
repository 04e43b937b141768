using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>How a member is removed.</summary>
/// <param name="Reason">For people; stands readable in the register.</param>
public sealed record RevocationRequest(MemberId Member, string Reason)
{
    /// <summary>Whether a new epoch begins in the same entry, so that the member learns no new key.</summary>
    public bool BeginsEpoch { get; init; } = true;

    /// <summary>The member's last snapshots that are to stay valid, with all that came before them in its chain; null for all that are known now.</summary>
    public IReadOnlyList<Snapshot>? LastTrusted { get; init; }
}

/// <param name="LastValid">What the register names: these manifests and their ancestors stay valid.</param>
/// <param name="Dropped">Snapshots of the member that do not count any more.</param>
/// <param name="RemovalsKept">Snapshots whose removal the member had recorded, and which the owner's own record now says are gone.</param>
/// <param name="RejectionsKept">Snapshots that the member had rejected, and that the owner's own record now rejects.</param>
public sealed record RevocationResult(RegisterAppend Append, IReadOnlyList<ManifestReference> LastValid, int Dropped, int RemovalsKept, int RejectionsKept);

/// <summary>
/// Removes members. No clock decides what of a member still counts: the register names the last manifests that do, and nothing that the member signs later can be an ancestor of
/// those. Everything else that it signs counts from then on nowhere.
/// </summary>
public static class MemberRevocation
{
    /// <exception cref="KeyException">NotAnOwner, MemberRevoked: the member, already.</exception>
    /// <exception cref="RequestException">OwnRevocation, OwnersTooFew, NoSuchMember, InvalidVaultOption, TooManyEnds.</exception>
    /// <exception cref="VaultException">RegisterConflict: nothing was changed.</exception>
    public static async Task<RevocationResult> RevokeAsync(UnlockedVault owner, RevocationRequest request, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        var note = MemberText.NoteOf(request.Reason).ToList();
        var catalog = await SnapshotCatalog.LoadAsync(owner, cancellationToken);
        var member = Require(owner, request.Member);
        var (lastValid, dropped) = Cut(catalog, member, request.LastTrusted);
        if (lastValid.Count > RegisterChangeCodec.MaxListed)
        {
            throw new RequestException(
                FaultCodes.TooManyEnds, $"{member.Entry.Name} made {lastValid.Count} snapshots that none of its own follows; the register names {RegisterChangeCodec.MaxListed}. Say with -LastTrusted which of them are the last good ones.");
        }


        // Before the revocation: a crash in between leaves a record that says once more what is so anyway. The other way round it would leave removals that nobody vouches for.
        var removals = member.Entry.Has(MemberRoles.Maintainer) ? await RemovalRecord.TakeOverAsync(owner, member.Entry.Id, cancellationToken) : 0;
        var rejections = await ApprovalRecord.TakeOverRejectionsAsync(owner, catalog, member.Entry, cancellationToken);
        var append = await owner.AppendAsync(
            [.. note, new Revocation(member.Entry.Id, lastValid.Select(static reference => reference.Hash).ToList()), .. request.BeginsEpoch ? EpochRotation.ChangesFor(owner, member.Entry.Id) : []],
            cancellationToken);
        return new RevocationResult(append, lastValid, dropped, removals, rejections);
    }

    /// <summary>The suspect snapshots that count only because the member approved them: without it they wait for a decision again.</summary>
    public static IReadOnlyList<Snapshot> ApprovedBy(SnapshotCatalog catalog, MemberId member) =>
        [.. catalog.Snapshots.Where(snapshot => snapshot.Outcome == SnapshotOutcome.Suspect && snapshot.Decision is { Verdict: SnapshotVerdict.Approved } decision && decision.By == member)];

    private static VaultMember Require(UnlockedVault owner, MemberId id)
    {
        var register = owner.Register;
        if (!register.Members.TryGetValue(id, out var member))
        {
            throw new RequestException(FaultCodes.NoSuchMember, $"The vault has no member {id}.");
        }

        if (member.Entry.IsRevoked)
        {
            throw new KeyException(FaultCodes.MemberRevoked, $"{member.Entry.Name} was revoked before.");
        }

        if (id == owner.Self)
        {
            throw new RequestException(FaultCodes.OwnRevocation, $"{member.Entry.Name} is the owner who is asking.");
        }

        var owners = register.Members.Values.Count(other => !other.Entry.IsRevoked && other.Entry.Roles.HasFlag(MemberRoles.Owner) && other.Entry.Id != id);
        return owners >= register.Policy.OwnersNeeded
            ? member
            : throw new RequestException(FaultCodes.OwnersTooFew, $"Without {member.Entry.Name} the vault has {owners} owner(s), and {register.Policy.OwnersNeeded} must sign every change.");
    }

    private static (IReadOnlyList<ManifestReference> LastValid, int Dropped) Cut(SnapshotCatalog catalog, VaultMember member, IReadOnlyList<Snapshot>? lastTrusted)
    {
        if (lastTrusted is null)
        {
            return (catalog.EndsOf(member.Entry.Id), 0);
        }

        if (lastTrusted.FirstOrDefault(snapshot => snapshot.Writer != member.Entry.Id) is { } foreign)
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, $"The snapshot {foreign.Id} is not by {member.Entry.Name}.");
        }

        var own = catalog.Snapshots.Where(snapshot => snapshot.Writer == member.Entry.Id).ToDictionary(static snapshot => snapshot.Reference);
        var kept = new HashSet<ManifestReference>();
        foreach (var end in lastTrusted)
        {
            for (ManifestReference? link = end.Reference; link is { } reference && kept.Add(reference);)
            {
                link = own.GetValueOrDefault(reference)?.Body.Previous;
            }
        }

        return ([.. lastTrusted.Select(static snapshot => snapshot.Reference)], own.Keys.Count(reference => !kept.Contains(reference)));
    }
}
