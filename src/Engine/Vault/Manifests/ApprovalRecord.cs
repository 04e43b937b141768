using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What a person decided about a snapshot; numbers as stored.</summary>
public enum SnapshotVerdict
{
    Approved = 0,
    Rejected = 1,
}

/// <param name="Number">How many decisions about the snapshot its author knew: the highest counts.</param>
/// <param name="Time">As its author's clock claims; for people.</param>
public sealed record SnapshotDecision(SnapshotVerdict Verdict, long Number, string Reason, Timestamp Time)
{
    /// <summary>Who signed it.</summary>
    public required MemberId By { get; init; }

    /// <summary>Two people who decide at once without knowing of each other have one number: then the cautious verdict counts.</summary>
    internal static SnapshotDecision? LastOf(IEnumerable<SnapshotDecision> decisions) =>
        decisions.MaxBy(static decision => (decision.Number, decision.Verdict == SnapshotVerdict.Rejected, decision.Time));
}

/// <summary>A person's signed decision about one snapshot, by an owner or a verifier. What was decided and why is sealed.</summary>
public sealed record ApprovalRecord(RegisterHead Register, ManifestReference Manifest, SnapshotDecision Decision)
{
    public const int MaxReasonLength = 1000;

    private const int MaxDecisionBytes = 16_384;

    /// <summary>Signs and stores a decision. A crash before it costs the record alone.</summary>
    public static async Task<SnapshotDecision> WriteAsync(UnlockedVault vault, Snapshot snapshot, SnapshotVerdict verdict, string reason, CancellationToken cancellationToken)
    {
        var header = vault.NewHeader(ObjectKind.ApprovalRecord, isSealed: true);
        var decision = new SnapshotDecision(verdict, NumberAfter(snapshot.Decision), reason, vault.Now) { By = vault.Self };
        await vault.Store.PutAsync(ObjectNames.ApprovalRecord(header.Object), SealedStatement.Build(vault, header, snapshot.Reference, Encode(decision)), cancellationToken);
        return decision;
    }

    /// <summary>
    /// Repeats in an owner's own name what somebody refused who is about to be revoked. An approval is not repeated: whoever stole the key may have given it, so what was approved waits for a
    /// decision again.
    /// </summary>
    /// <returns>How many there are.</returns>
    internal static async Task<int> TakeOverRejectionsAsync(UnlockedVault owner, SnapshotCatalog catalog, MemberEntry member, CancellationToken cancellationToken)
    {
        var rejected = catalog.Snapshots.Where(snapshot => snapshot.Decision is { Verdict: SnapshotVerdict.Rejected } decision && decision.By == member.Id).ToList();
        foreach (var snapshot in rejected)
        {
            await WriteAsync(owner, snapshot, SnapshotVerdict.Rejected, $"{snapshot.Decision!.Reason} (decided by {member.Name}, who is removed now)", cancellationToken);
        }

        return rejected.Count;
    }

    internal static ApprovalRecord Open(UnlockedVault vault, SignedObject signed)
    {
        var what = $"approval record {signed.Header.Object}";
        var statement = SealedStatement.Open(vault, signed, MaxDecisionBytes, what);
        return new ApprovalRecord(statement.Register, statement.Manifest, Decode(statement.Substance, signed.Verify(vault.Register)[0].Id, what));
    }

    /// <summary>Whoever took the last number there is keeps it; with two of one number the cautious verdict counts.</summary>
    private static long NumberAfter(SnapshotDecision? last) => last is null ? 0 : last.Number < long.MaxValue ? last.Number + 1 : last.Number;

    private static byte[] Encode(SnapshotDecision decision) => new CborMapWriter().BeginMap(4)
        .Key(0).Int(decision.Number)
        .Key(1).Int((int)decision.Verdict)
        .Key(2).Time(decision.Time)
        .Key(3).Text(decision.Reason)
        .EndMap().Encode();

    private static SnapshotDecision Decode(ReadOnlyMemory<byte> plain, MemberId by, string what)
    {
        long? number = null;
        int? verdict = null;
        Timestamp? time = null;
        string? reason = null;
        var reader = CborMapReader.OfMap(plain, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: number = reader.ReadCount(); break;
                case 1: verdict = reader.ReadInt32(1); break;
                case 2: time = reader.ReadTime(); break;
                case 3: reason = reader.ReadText(); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new SnapshotDecision(
            (SnapshotVerdict)reader.Required(verdict, "the verdict"), reader.Required(number, "the number"), reason ?? string.Empty, reader.Required(time, "the time")) { By = by };
    }
}
