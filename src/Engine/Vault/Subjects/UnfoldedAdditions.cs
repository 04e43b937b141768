using System.Collections.Concurrent;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>The additions that no root has taken in, opened in one pass. A broken or unentitled one is reported and counts for nothing.</summary>
internal sealed class UnfoldedAdditions : IDisposable
{
    private readonly List<AdditionSet> _sets = [];
    private readonly HashSet<ObjectId> _foldedThere = [];

    private UnfoldedAdditions()
    {
    }

    internal long KeyCount => _sets.Sum(static set => set.KeyCount);

    /// <summary>What one rewrite takes in: the oldest.</summary>
    internal AdditionSet Next => _sets[0];

    /// <summary>Others were left out, since one rewrite does not take in so many.</summary>
    internal bool HasMore { get; private set; }

    /// <summary>Those folded in that still lie there, or lie there again.</summary>
    internal IReadOnlySet<ObjectId> FoldedThere => _foldedThere;

    /// <summary>All of them, to be looked up in.</summary>
    /// <param name="folded">Those that a root took in; a copy of one that turns up again brings nothing back.</param>
    internal static Task<UnfoldedAdditions> LoadAsync(VaultReader reader, IReadOnlySet<ObjectId> folded, uint ledgerLength, CancellationToken cancellationToken) =>
        LoadAsync(reader, folded, ledgerLength, AdditionSet.MaxAdditions, isNextAlone: false, cancellationToken);

    /// <summary>Those that one rewrite takes in.</summary>
    /// <inheritdoc cref="LoadAsync(VaultReader, IReadOnlySet{ObjectId}, uint, CancellationToken)"/>
    internal static Task<UnfoldedAdditions> LoadNextAsync(
        VaultReader reader, IReadOnlySet<ObjectId> folded, uint ledgerLength, int maxAdditions, CancellationToken cancellationToken) =>
        LoadAsync(reader, folded, ledgerLength, maxAdditions, isNextAlone: true, cancellationToken);

    /// <summary>Shows the records that start with <paramref name="prefix"/>, with their data set and their place in the order of storage.</summary>
    internal void Find(ReadOnlySpan<byte> prefix, Action<ReadOnlySpan<byte>, DataSetId, int> read)
    {
        for (var i = 0; i < _sets.Count; i++)
        {
            var (set, before) = (_sets[i], i * AdditionSet.MaxAdditions);
            set.Find(prefix, record => read(record, set.DataSetOf(record), before + AdditionSet.OrderOf(record)));
        }
    }

    /// <param name="maxAdditions">So many in a set.</param>
    /// <param name="isNextAlone">No set but the first.</param>
    /// <inheritdoc cref="LoadAsync(VaultReader, IReadOnlySet{ObjectId}, uint, CancellationToken)"/>
    internal static async Task<UnfoldedAdditions> LoadAsync(
        VaultReader reader, IReadOnlySet<ObjectId> folded, uint ledgerLength, int maxAdditions, bool isNextAlone, CancellationToken cancellationToken)
    {
        var vault = reader.Vault;
        var additions = new UnfoldedAdditions();
        try
        {
            additions.Begin(vault);
            var stats = await vault.Store.ListAsync(ObjectNames.KeyringAdditions, static name => ObjectNames.TryParseId(name, ObjectNames.KeyringAdditions, out _), cancellationToken);
            stats.RemoveAll(stat => additions.IsFolded(stat, folded));

            // In the order in which they were stored: of two keys that claim one domain, the first counts.
            foreach (var some in stats.OrderBy(static stat => stat.StoreTime).Chunk(ObjectStore.ParallelReads).TakeWhile(_ => !additions.HasMore))
            {
                foreach (var addition in await OpenAsync(reader, some, ledgerLength, cancellationToken))
                {
                    additions.Take(addition, vault, maxAdditions, isNextAlone);
                }
            }

            additions._sets.ForEach(static set => set.Complete());
            return additions;
        }
        catch
        {
            additions.Dispose();
            throw;
        }
    }

    public void Dispose() => _sets.ForEach(static set => set.Dispose());

    private static async Task<IEnumerable<SubjectAddition>> OpenAsync(VaultReader reader, ObjectStat[] stats, uint ledgerLength, CancellationToken cancellationToken)
    {
        var opened = new ConcurrentBag<SubjectAddition>();
        try
        {
            var additions = await reader.Vault.Store.ReadManyAsync(
                stats,
                SignedObject.MaxBytes,
                stored =>
                {
                    var addition = SubjectAddition.Open(reader, stored, ledgerLength);
                    opened.Add(addition);
                    return addition;
                },
                (name, exception) =>
                {
                    // One that is gone was folded in by another owner meanwhile.
                    if (exception is not TargetException { Fault: TargetFault.NotFound })
                    {
                        reader.Vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{name}' counts for nothing: {exception.Message}", FaultCodes.AdditionRefused));
                    }
                },
                cancellationToken);
            return additions.OfType<SubjectAddition>();
        }
        catch
        {
            foreach (var addition in opened)
            {
                addition.Dispose();
            }

            throw;
        }
    }

    private bool IsFolded(ObjectStat stat, IReadOnlySet<ObjectId> folded)
    {
        var isFolded = ObjectNames.TryParseId(stat.Name, ObjectNames.KeyringAdditions, out var id) && folded.Contains(new ObjectId(id));
        if (isFolded)
        {
            _foldedThere.Add(new ObjectId(id));
        }

        return isFolded;
    }

    private void Begin(UnlockedVault vault) => _sets.Add(new AdditionSet(vault.Host.FolderOf(vault.Id), vault.Id));

    private void Take(SubjectAddition addition, UnlockedVault vault, int maxAdditions, bool isNextAlone)
    {
        if (_sets[^1].Count < maxAdditions)
        {
            _sets[^1].Add(addition);
            return;
        }

        if (isNextAlone)
        {
            HasMore = true;
            addition.Dispose();
            return;
        }

        Begin(vault);
        _sets[^1].Add(addition);
    }
}
