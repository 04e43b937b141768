using System.Globalization;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What changes of the register mean, in words: an owner reads this before signing.</summary>
internal static class ChangeText
{
    /// <param name="before">The register that the changes come to.</param>
    /// <param name="ofLedger">What a head of the ledger puts into force.</param>
    internal static IReadOnlyList<string> Of(RegisterState before, IReadOnlyList<RegisterChange> changes, Func<LedgerHead, IEnumerable<string>> ofLedger)
    {
        var text = new List<string>();
        foreach (var change in changes)
        {
            text.AddRange(change switch
            {
                EpochBegins epoch => [$"Key epoch {epoch.Epoch} begins."],
                MemberAdded member => [Describe(before, member)],
                VaultPolicy policy => Describe(before.Policy, policy),
                Revocation revocation => [$"Revoke {NameOf(before, changes, revocation.Member)}; {revocation.LastValid.Count} end(s) of its chain of snapshots stay valid with all that came before them."],
                OwnerBundleNamed bundle => [$"The stored keys of the owner {NameOf(before, changes, bundle.Owner)} are replaced; from now on {bundle.Unlockers?.Count ?? 0} passphrase(s), key file(s) or set(s) of shares open them."],
                TargetAttached target => [$"Attach the target '{target.Name}'."],
                TargetDetached target => [$"Detach the target '{before.Targets.GetValueOrDefault(target.Id, target.Id.ToString())}'."],
                KeyringRoot => ["The keyring of the subjects is replaced: keys of erased subjects are destroyed."],
                LedgerHead head => ofLedger(head),
                HoldPlaced hold => [$"Place a legal hold on a {TextOf(hold.Scope)}: {hold.On.ToString()[..12]}."],
                HoldReleased release => [$"Release the legal hold {release.Hold.ToString()[..12]}."],
                RegisterNote note => [$"Note: {note.Text}"],
                KeyGrant => [],
                _ => [$"{change.GetType().Name}."],
            });
        }

        text.AddRange(changes.OfType<KeyGrant>().GroupBy(static grant => grant.Member)
            .Select(group => $"{NameOf(before, changes, group.Key)} is given keys of {(group.Count() == 1 ? $"epoch {group.First().Epoch}" : $"{group.Count()} epochs")}."));
        return text;
    }

    private static string Describe(RegisterState before, MemberAdded member)
    {
        var rights = $"as {MemberText.RolesOf(member.Roles)}{(member.DataSets is { } dataSets ? $", for {dataSets.Count} data set(s) only" : "")}{(member.MayRead ? ", with the right to read everything" : "")}";
        return before.Members.TryGetValue(member.Id, out var known)
            ? $"Change the member {known.Entry.Name} ({ShortOf(member.Id)}), until now {MemberText.RolesOf(known.Entry.Roles)}: from now on {rights}."
            : $"Add the member {member.Name} ({ShortOf(member.Id)}) {rights}.";
    }

    private static IEnumerable<string> Describe(VaultPolicy old, VaultPolicy policy)
    {
        (string What, string Old, string New)[] parts =
        [
            ("Owners who must sign a change", Number(old.OwnersNeeded), Number(policy.OwnersNeeded)),
            ("Deduplication trust", old.DeduplicationTrust.ToString(), policy.DeduplicationTrust.ToString()),
            ("Grace time of a collection", Time(old.GraceTime), Time(policy.GraceTime)),
            ("Session lapse time", Time(old.SessionLapse), Time(policy.SessionLapse)),
            ("Erasure horizon", Time(old.ErasureHorizon), Time(policy.ErasureHorizon)),
            ("Retention floor", Time(old.RetentionFloor), Time(policy.RetentionFloor)),
        ];
        return parts.Where(static part => !string.Equals(part.Old, part.New, StringComparison.Ordinal)).Select(static part => $"{part.What}: {part.New}, until now {part.Old}.");
    }

    private static string NameOf(RegisterState before, IReadOnlyList<RegisterChange> changes, MemberId id) =>
        $"{before.Find(id)?.Name ?? changes.OfType<MemberAdded>().FirstOrDefault(member => member.Id == id)?.Name ?? "somebody unknown"} ({ShortOf(id)})";

    private static string TextOf(HoldScope scope) => scope switch
    {
        HoldScope.Snapshot => "snapshot",
        HoldScope.DataSet => "data set",
        _ => "subject",
    };

    private static string ShortOf(MemberId id) => id.ToString()[..12];

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Time(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
