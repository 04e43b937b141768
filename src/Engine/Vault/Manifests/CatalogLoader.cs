using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

/// <summary>Reads manifests and records, and judges each: signature, member, right, data set, place.</summary>
internal sealed partial class CatalogLoader(UnlockedVault vault)
{
    private const int MaxRecordBytes = SignedObject.MaxBytes;

    /// <summary>A manifest may name 100,000 absent ones: no more than these are asked for.</summary>
    private const int MaxLateManifests = 1_000;

    private readonly List<CatalogProblem> _problems = [];
    private ObjectStore _store = vault.Store;

    /// <summary>One state for all that is judged: others may refresh the vault meanwhile.</summary>
    private RegisterState _register = vault.Register;

    /// <summary>What this host verified before; null where every signature is verified.</summary>
    private ProvenSignatures? _proven;

    internal async Task<CatalogContent> LoadAsync(CancellationToken cancellationToken)
    {
        // Manifests before removals: a snapshot that is removed meanwhile is then seen with its record, never as missing. What has no order is asked for at once.
        var listing = vault.TakeListing() is { Serves: true } ahead ? ahead : CatalogListing.Begin(vault.Target, vault.Time, cancellationToken);
        var cache = new ProvenSignatureCache(vault);
        _proven = vault.VerifiesAnew ? null : cache.Open();
        await listing.Whole;

        // After the listing: whatever register state the author of a listed manifest knew is there by now, unless it was taken away.
        var removalStats = ListAsync(ObjectNames.Removals, cancellationToken);
        await Task.WhenAll(vault.RefreshAsync(cancellationToken), removalStats);
        _register = vault.Register;

        using var turns = new SemaphoreSlim(ObjectStore.ParallelReads);
        _store = new ObjectStore(vault.Target) { Turns = turns };
        var gone = new Gone();
        var readVerifications = ReadVerificationsAsync(await listing.Verifications, cancellationToken);
        var readApprovals = ReadApprovalsAsync(await listing.Approvals, cancellationToken);
        var readManifests = _store.ReadManyAsync(await listing.Manifests, MaxRecordBytes, ReadManifest, gone.Or(OnBroken), cancellationToken);
        var readRemovals = LoadRemovalsAsync(OnBroken, cancellationToken, await removalStats);
        await Task.WhenAll(readVerifications, readApprovals, readManifests, readRemovals);
        var (verifications, approvals) = (await readVerifications, await readApprovals);
        var removals = new RemovalSet(await readRemovals);
        NoteRevoked();

        var known = await vault.Host.ReadPinsAsync(vault.Id, vault.Sink, cancellationToken);
        var found = (await readManifests).OfType<Snapshot>().ToList();

        // What was removed is not asked for: after ten years that would be thousands of questions.
        var listed = (await listing.Manifests).Select(static stat => stat.Name).ToList();
        await CatchUpAsync(found, [.. listed, .. removals.Names], [.. known?.Manifests ?? [], .. removals.Predecessors], cancellationToken);
        if (!gone.IsWithin(removals.Names) || removals.Lacks(found, known?.Manifests ?? []))
        {
            // A listing may pass a fold's successor before it is there, and reach its predecessors when they are gone: once more, before anything is called missing.
            removals = removals.With(await LoadRemovalsAsync(static (_, _) => { }, cancellationToken));
            await CatchUpAsync(found, [.. listed, .. removals.Names, .. found.Select(static snapshot => ObjectNames.Manifest(snapshot.Id))], removals.Predecessors, cancellationToken);
        }

        gone.Where(name => !removals.Names.Contains(name)).Report(OnBroken);
        removals.Records.ForEach(record => NoteKnowledge(record.Record.Register, $"removal record {record.Header.Object}"));
        var present = found.Where(snapshot => !removals.Manifests.Contains(snapshot.Reference)).ToList();
        var chain = new SnapshotChain(_register, present, removals.Removed, _problems);
        var accepted = chain.Judge();
        var missing = chain.MissingOf(known?.Manifests ?? []);
        var heads = SnapshotChain.HeadsOf(accepted);
        await RememberAsync(known, [.. heads.Take(ManifestCodec.HeadsNamed), .. missing], cancellationToken);
        await (_proven is null ? Task.CompletedTask : cache.KeepAsync(_proven, cancellationToken));
        var findings = verifications.ToLookup(static item => item.Record.Manifest, static item => item.Record.Finding);
        var decisions = approvals.ToLookup(static item => item.Record.Manifest, static item => item.Record.Decision);
        return new CatalogContent
        {
            Snapshots = [.. SnapshotOrder.NewestFirst(accepted).Select(Judged)],
            Removed = removals.Removed,
            Removals = removals.Records,
            Leftovers = [.. found.Where(snapshot => removals.Manifests.Contains(snapshot.Reference) && chain.Counts(snapshot)).Select(Judged)],
            Records = verifications.Select(static item => (item.Record.Manifest, item.Name)).Concat(approvals.Select(static item => (item.Record.Manifest, item.Name)))
                .ToLookup(static pair => pair.Manifest, static pair => pair.Name),
            OfRevoked = [.. _ofRevoked.Keys],
            Heads = heads,
            Findings = findings,
            Missing = chain.Missing,
            Problems = _problems,
        };

        Snapshot Judged(Snapshot snapshot) => snapshot with
        {
            LastVerifiedAt = findings[snapshot.Reference].MaxBy(static finding => finding.Time) is { FaultCount: 0 } newest ? newest.Time.ToDateTimeOffset() : null,
            Decision = SnapshotDecision.LastOf(decisions[snapshot.Reference]),
        };
    }

    private Task<List<ObjectStat>> ListAsync(string folder, CancellationToken cancellationToken) => CatalogListing.ListAsync(_store, folder, cancellationToken);

    /// <summary>
    /// A listing is not one moment: a backup that ends meanwhile may be named by a manifest that was listed, or by this host's memory, and not be listed itself. So what is
    /// named is asked for by name before it counts as missing.
    /// </summary>
    private async Task CatchUpAsync(
        List<Snapshot> found, IEnumerable<ObjectName> notToAsk, IReadOnlyList<ManifestReference> known, CancellationToken cancellationToken)
    {
        var asked = notToAsk.ToHashSet();
        for (var named = known.Concat(found.SelectMany(static snapshot => snapshot.Body.Predecessors)).ToList(); named.Count > 0;)
        {
            var late = new List<ObjectStat>();
            foreach (var name in named.Select(static reference => ObjectNames.Manifest(reference.Id)).Where(asked.Add).Take(MaxLateManifests))
            {
                if (await vault.Target.StatAsync(name, cancellationToken) is { } stat)
                {
                    late.Add(stat);
                }
            }

            var more = (await _store.ReadManyAsync(late, MaxRecordBytes, ReadManifest, OnBroken, cancellationToken)).OfType<Snapshot>().ToList();
            found.AddRange(more);
            named = [.. more.SelectMany(static snapshot => snapshot.Body.Predecessors)];
        }
    }

    private async Task RememberAsync(HostPins? known, List<ManifestReference> manifests, CancellationToken cancellationToken)
    {
        if (known is null || known.Head != vault.Register.Head || !known.Manifests.ToHashSet().SetEquals(manifests))
        {
            await vault.Host.WritePinsAsync(vault.Id, new HostPins(vault.Register.Genesis, vault.Register.Head, manifests), vault.Sink, cancellationToken);
        }
    }

    private Snapshot ReadManifest(StoredObject stored)
    {
        var signed = Expect(stored, ObjectKind.Manifest, ObjectNames.Manifests);
        var body = ManifestCodec.DecodeBody(signed.Body, $"manifest {signed.Header.Object}");
        RequireSigner(signed, MemberRoles.Writer, body.Writer);
        var plain = MetadataSeal.Open(vault, signed.Header, body.MetadataPart.Span, ManifestCodec.MaxMetadataBytes);
        var summary = ManifestCodec.DecodeSummary(plain, $"metadata part of manifest {signed.Header.Object}");
        if (vault.KeysOf(signed.Header.Epoch).DataSetIdOf(summary.DataSet) != summary.DataSetId)
        {
            throw new IntegrityException(FaultCodes.Malformed, $"The manifest {signed.Header.Object} gives its data set another name than its id stands for.");
        }

        if (_register.Members.GetValueOrDefault(body.Writer)?.MayWrite(summary.DataSetId) is not true)
        {
            throw new VaultException(
                FaultCodes.DataSetNotEntitled, $"The manifest {signed.Header.Object} is of {_register.Find(body.Writer)?.Name}, who may not write the data set '{summary.DataSet}'.");
        }

        NoteKnowledge(body.Register, $"manifest {signed.Header.Object}");
        return new Snapshot
        {
            Id = new SnapshotId(signed.Header.Object.Value),
            Hash = signed.Hash,
            Body = body,
            Summary = summary,
            Epoch = signed.Header.Epoch,
            StoreTime = stored.StoreTime,
        };
    }

    private SignedObject Expect(StoredObject stored, ObjectKind kind, string folder)
    {
        var signed = SignedObject.Parse(stored.Bytes);
        signed.Header.Expect(kind, vault.Id, ObjectNames.TryParseId(stored.Name, folder, out var id) ? new ObjectId(id) : null);
        return signed;
    }

    /// <param name="member">Who must have signed; null for anybody with the right. Revoked members' manifests are judged by the chain, their other objects count no more.</param>
    private void RequireSigner(SignedObject signed, MemberRoles role, MemberId? member)
    {
        var signers = signed.Verify(_register, _proven);
        if (!signers.Any(signer => signer.Has(role) && (member is null ? !signer.IsRevoked : signer.Id == member)))
        {
            throw new IntegrityException(
                FaultCodes.SignerNotEntitled, $"{signed.Header.Kind} {signed.Header.Object} is signed by {string.Join(", ", signers.Select(static signer => signer.Name))}; it takes the right of a {role}.");
        }
    }

    /// <summary>Its author knew a register state that is not here: evidence that the vault went back in time, though the object itself is good.</summary>
    private void NoteKnowledge(RegisterHead known, string whose)
    {
        if (_register.Contradiction(known) is { } code)
        {
            Note(new CatalogProblem(code, $"The author of {whose} knew register entry {known.Number}, which this vault {(code == FaultCodes.VaultForked ? "has another of" : "lacks")}."));
        }
    }

    private void OnBroken(ObjectName name, BackupException exception) => Note(new CatalogProblem(exception.Code, $"'{name}' is left out: {exception.Message}", name));

    private void Note(CatalogProblem problem)
    {
        lock (_problems)
        {
            _problems.Add(problem);
        }
    }
}
