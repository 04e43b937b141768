using System.Diagnostics;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Proves that a snapshot can be restored. Always: its reference set opens, every pack in it is on the target with the length that was recorded, every page of its listing opens, and every
/// chunk of every entry stands in the index. With data: packs are read whole, and every frame is opened and compared with its chunk id. What is damaged is named by the
/// files that lose by it; what the store does not give out (it is cold, or a right or a quota ran out) ends the check without a finding. The finding is signed and stored, and so is what was found in packs of others: from then on every host may rely on them.
/// </summary>
public static class VerifyCorridor
{
    public static async Task<VerifyResult> RunAsync(VerifyRequest request, RunContext context, CancellationToken cancellationToken)
    {
        request.Vault.Vault.RequireRole(Crypto.MemberRoles.Verifier);
        RequirePercent(request.Percent);
        var clock = Stopwatch.StartNew();
        var (vault, snapshot) = (request.Vault, request.Snapshot);
        var faults = new VerifyFaults(context.Counters);
        var opened = await OpenAsync(vault.Vault, snapshot, faults, context.Sink, cancellationToken);
        using var index = opened.Index;
        using var packs = opened.Packs;
        using var fetcher = new ChunkFetcher(vault, index) { TellsRefusals = true };
        var turn = VerifyTurn.Next(packs, request, request.Catalog.LastReadingOf(snapshot.DataSetId));
        context.Counters.SetTotals(turn.Packs.Count, turn.Packs.Sum(pack => (long)pack.LengthBytes));
        var attestation = new PackAttestation(vault.Vault, index);
        using var check = new PackVerifier(vault, context.Counters);
        using var reading = new PackReading(packs, check, attestation, index, faults);
        var known = faults.Count;
        var early = faults.Copy();
        using (var stages = new StageGroup(cancellationToken))
        {
            stages.Start(token => reading.RunAsync(turn, token));
            stages.Start(token => new ListingVerifier(vault, index, fetcher, packs, early).RunAsync(snapshot, token));
            await stages.WhenAllAsync();
        }

        await attestation.StoreAsync(cancellationToken);
        if (faults.Count > known || early.Count > known)
        {
            // Now that every pack has been judged: which files lose by it. A walk that finds nothing while no pack is found broken needs no other after it.
            await new ListingVerifier(vault, index, fetcher, packs, faults).RunAsync(snapshot, cancellationToken);
            WarnOfWhatDidNotShowAgain(early, known, faults, context.Sink);
        }

        var finding = turn.ToFinding(vault.Vault.Now, packs, check.BytesRead, faults.Count);
        var isRecorded = await TryRecordAsync(request, finding, context, cancellationToken);
        return new VerifyResult
        {
            Snapshot = snapshot,
            PacksTotal = packs.Count,
            PacksRead = turn.Packs.Count,
            PacksAttested = attestation.PackCount,
            BytesRead = check.BytesRead,
            HasCompletedCycle = turn.ReachesEnd,
            IsRecorded = isRecorded,
            Faults = faults.All,
            Traffic = vault.Vault.TakeTraffic(),
            Elapsed = clock.Elapsed,
        };
    }

    private static async Task<(ChunkIndex Index, ReferencedPacks Packs)> OpenAsync(
        UnlockedVault vault, Snapshot snapshot, VerifyFaults faults, IEngineSink sink, CancellationToken cancellationToken)
    {
        await using var asked = new AskedPacks(vault, snapshot, cancellationToken);
        var index = await ChunkIndexLoader.OpenForReadingAsync(vault, snapshot, sink, cancellationToken);
        try
        {
            return (index, await ReferencedPacks.LoadAsync(vault, asked, index, faults, cancellationToken));
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    /// <summary>Sound as it is read now; but a disk, a cable or a memory that errs once will err again.</summary>
    private static void WarnOfWhatDidNotShowAgain(VerifyFaults early, int known, VerifyFaults faults, IEngineSink sink)
    {
        if (early.Count > known && faults.Count == known)
        {
            var first = early.All[known];
            sink.Report(new BackupEvent(EventSeverity.Warning, $"{early.Count - known} fault(s) showed once and not again when the same was read once more. The first: {first.Message}", first.Code));
        }
    }

    /// <summary>A copy on a read-only medium can be checked as well; what was found is worth more than its record.</summary>
    private static async Task<bool> TryRecordAsync(VerifyRequest request, VerificationFinding finding, RunContext context, CancellationToken cancellationToken)
    {
        try
        {
            await VerificationRecord.WriteAsync(request.Vault.Vault, request.Snapshot.Reference, finding, cancellationToken);
            return true;
        }
        catch (TargetException refusal)
        {
            context.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The result of this check is not kept in the vault. {refusal.Message}", refusal.Code));
            return false;
        }
    }

    private static void RequirePercent(int percent)
    {
        if (percent is < 1 or > 100)
        {
            throw new RequestException(FaultCodes.PercentOutOfRange, $"{percent} is not a share from 1 to 100 percent.");
        }
    }
}

/// <param name="Catalog">Knows where the last check of the data set ended.</param>
public sealed record VerifyRequest(VaultReader Vault, Snapshot Snapshot, SnapshotCatalog Catalog)
{
    /// <summary>Read packs, and not only the structure.</summary>
    public bool ReadsData { get; init; }

    /// <summary>How much of the packs this check reads, going on where the last one of this snapshot ended: 1 to 100.</summary>
    public int Percent { get; init; } = 100;
}

/// <summary>What a check found. The snapshot is sound as far as it was looked at exactly when <see cref="Faults"/> is empty.</summary>
public sealed record VerifyResult
{
    public required Snapshot Snapshot { get; init; }

    /// <summary>Packs that the snapshot needs.</summary>
    public required int PacksTotal { get; init; }

    /// <summary>Packs that this check read whole.</summary>
    public required int PacksRead { get; init; }

    /// <summary>Of these, packs of other members that writers may rely on from now on, and could not before.</summary>
    public int PacksAttested { get; init; }

    public required long BytesRead { get; init; }

    /// <summary>Whether with this check every pack has been read since the cycle began.</summary>
    public required bool HasCompletedCycle { get; init; }

    /// <summary>Whether the vault keeps the result. Where it does not, the next check by shares reads the same packs again.</summary>
    public required bool IsRecorded { get; init; }

    public required IReadOnlyList<EntryFault> Faults { get; init; }

    /// <inheritdoc cref="BackupResult.Traffic"/>
    public TargetTraffic Traffic { get; init; } = TargetTraffic.None;

    public required TimeSpan Elapsed { get; init; }
}

/// <summary>Collects faults; used by one thread.</summary>
internal sealed class VerifyFaults(ProgressCounters counters)
{
    private readonly List<EntryFault> _all = [];

    internal IReadOnlyList<EntryFault> All => _all;

    internal int Count => _all.Count;

    internal HashSet<PackId> BrokenPacks { get; private init; } = [];

    /// <summary>The same faults, to which others can be added that do not count yet.</summary>
    internal VerifyFaults Copy()
    {
        var copy = new VerifyFaults(new ProgressCounters()) { BrokenPacks = [.. BrokenPacks] };
        copy._all.AddRange(_all);
        return copy;
    }

    internal void Add(EntryFault fault)
    {
        _all.Add(fault);
        counters.AddFault();
    }

    internal void AddPack(PackId pack, FaultCode code, string message)
    {
        if (BrokenPacks.Add(pack))
        {
            Add(new EntryFault(code, PackRecord.NameOf(pack).Value, message));
        }
    }
}
