using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Who was erased: a numbered, hash-chained series of entries, written before anything is destroyed. What it names is never brought back, whatever old
/// objects storage shows. A value of one moment; <see cref="ReadAsync"/> gives a newer one.
/// </summary>
public sealed class ErasureLedger
{
    private readonly Dictionary<SubjectPseudonym, List<LedgerEntry>> _bySubject = [];
    private readonly Dictionary<SubjectPseudonym, List<LedgerEntry>> _deferredBySubject = [];
    private readonly HashSet<uint> _replaced;
    private readonly RegisterState _register;
    private readonly LedgerHead? _after;

    private ErasureLedger(RegisterState register, LedgerHead? after, IReadOnlyList<LedgerEntry> entries)
    {
        _register = register;
        _after = after;
        Entries = entries;
        _replaced =
        [
            .. from entry in entries
               from number in entry.Record.Replaces
               where !register.LedgerHeads.Exists(head => number <= head && head < entry.Number)
               select number,
        ];
        foreach (var entry in entries.Where(entry => entry.Record.State is LedgerState.Erased or LedgerState.Deferred && !IsReplaced(entry)))
        {
            var bySubject = entry.Record.State == LedgerState.Erased ? _bySubject : _deferredBySubject;
            foreach (var subject in entry.Record.Subjects)
            {
                (bySubject.TryGetValue(subject, out var list) ? list : bySubject[subject] = []).Add(entry);
            }
        }
    }

    /// <summary>The newest entry that lies there, named by the register or not yet; null in an empty ledger.</summary>
    public LedgerHead? Head => Entries.Count > 0 ? Entries[^1].Head : _after;

    /// <summary>The newest entry that the register named when this was read. Whoever reads on must begin here: an entry behind it kills only once it is named, and may never be.</summary>
    public LedgerHead? Named => _register.LedgerHead;

    /// <summary>How many entries there are.</summary>
    public uint Length => NumberAfter(Head);

    /// <summary>The generation of a key that is made now: how many entries have been put into force. One that waits for signatures kills the keys that are made meanwhile, too.</summary>
    public uint Generation => Behind.TakeWhile(static entry => entry.IsInForce).LastOrDefault() is { } last ? last.Number + 1 : NumberAfter(Named);

    /// <summary>Entries that the register has not named and that ask for something: the next head of the ledger carries them out.</summary>
    internal IEnumerable<LedgerEntry> Waiting => Behind.Where(entry => entry.Record.State != LedgerState.Withdrawn && !IsReplaced(entry));

    /// <summary>All that the register has not named.</summary>
    internal IEnumerable<LedgerEntry> Behind => Entries.Where(entry => entry.Number >= NumberAfter(Named));

    /// <summary>Those that were read, in order.</summary>
    public IReadOnlyList<LedgerEntry> Entries { get; }

    /// <summary>Whether an entry in force that was read has killed a key of that generation.</summary>
    public bool IsErased(SubjectPseudonym subject, DataSetId dataSet, uint generation) =>
        _bySubject.TryGetValue(subject, out var entries) && entries.Exists(entry => entry.IsInForce && entry.Record.Takes(dataSet, generation));

    /// <summary>
    /// Whether nothing more is to be sealed under a key: it is dead, or a hold alone keeps it. What came after a deferred request is not asked for by it, and so gets another key, which lives on.
    /// </summary>
    internal bool IsClosed(SubjectPseudonym subject, DataSetId dataSet, uint generation) => IsErased(subject, dataSet, generation)
        || (_deferredBySubject.TryGetValue(subject, out var entries) && entries.Exists(entry => entry.IsInForce && entry.Record.Awaits(dataSet, generation)));

    /// <summary>Whether the key has no place in a root that puts all entries in force.</summary>
    internal bool Kills(SubjectPseudonym subject, DataSetId dataSet, uint generation) =>
        _bySubject.TryGetValue(subject, out var entries) && entries.Exists(entry => entry.Record.Takes(dataSet, generation));

    /// <summary>Whether a later entry stands in its place, so that it is not carried out.</summary>
    internal bool IsReplaced(LedgerEntry entry) => _replaced.Contains(entry.Number);

    /// <summary>Whether an entry in force has done for a subject all that a deferred request asks.</summary>
    internal bool HasFulfilled(SubjectPseudonym subject, LedgerRecord deferred) =>
        _bySubject.TryGetValue(subject, out var entries) && entries.Exists(entry => entry.IsInForce && entry.Record.TakesAllOf(deferred));

    /// <summary>The newest entry that erases a subject; null where none does.</summary>
    internal LedgerEntry? LastOf(SubjectPseudonym subject) => _bySubject.GetValueOrDefault(subject)?[^1];

    /// <summary>As if it ended with <paramref name="head"/>; null where that is no entry of it.</summary>
    internal ErasureLedger? Until(LedgerHead head) =>
        Entries.Any(entry => entry.Head == head) ? new ErasureLedger(_register, _after, [.. Entries.TakeWhile(entry => entry.Number <= head.Number)]) : null;

    /// <summary>With an entry that was just written behind it.</summary>
    internal ErasureLedger With(LedgerEntry entry) => new(_register, _after, [.. Entries, entry]);

    /// <summary>Reads on from <paramref name="after"/> to the end. An entry that the register names must be there; what lies beyond counts while it is valid.</summary>
    /// <param name="after">What the caller has read before; null for the whole ledger. What the register does not name is read again in any case.</param>
    /// <exception cref="VaultException">LedgerDamaged; UnsupportedFormat: an owner wrote an entry that this version does not know.</exception>
    /// <exception cref="KeyException">KeyNotGranted: an entry of an epoch whose keys this member does not hold.</exception>
    public static async Task<ErasureLedger> ReadAsync(UnlockedVault vault, LedgerHead? after, CancellationToken cancellationToken)
    {
        await vault.RefreshAsync(cancellationToken);
        var named = vault.Register.LedgerHead;
        var reading = new Reading(vault, named is null ? null : after?.Number > named.Number ? named : after);
        await reading.TakeListedAsync(cancellationToken);

        // A listing may lag behind; an object that was put is always found by its name.
        while (await reading.TryTakeNextAsync(cancellationToken))
        {
        }

        return reading.Finish();
    }

    private sealed class Reading(UnlockedVault vault, LedgerHead? after)
    {
        private readonly List<LedgerEntry> _entries = [];
        private readonly LedgerHead? _after = after;
        private LedgerHead? _head = after;

        internal uint Next => NumberAfter(_head);

        private long Named => vault.Register.LedgerHead is { } named ? (long)named.Number : -1;

        /// <summary>As far as they are good, opened a few at once. Where one is not, it is read again by its name, and judged.</summary>
        internal async Task TakeListedAsync(CancellationToken cancellationToken)
        {
            var first = Next;
            var stats = await vault.Store.ListAsync(
                ObjectNames.Ledger, name => ObjectNames.TryParseNumber(name, ObjectNames.Ledger, out var number) && number >= first, cancellationToken);
            var entries = await vault.Store.ReadManyAsync(
                [.. stats.TakeWhile((stat, i) => stat.Name == ObjectNames.LedgerEntry(first + (uint)i))],
                SignedObject.MaxBytes,
                stored => LedgerCodec.Open(vault, stored, ObjectNames.TryParseNumber(stored.Name, ObjectNames.Ledger, out var number) ? number : 0),
                static (_, _) => { },
                cancellationToken);
            foreach (var entry in entries.TakeWhile(entry => entry is not null && entry.Previous == _head?.Hash))
            {
                Take(entry!);
            }
        }

        /// <returns>False where there is none, or somebody put rubbish where it will be: as long as the register does not name it, anybody may have.</returns>
        internal async Task<bool> TryTakeNextAsync(CancellationToken cancellationToken)
        {
            var number = Next;
            var name = ObjectNames.LedgerEntry(number);
            try
            {
                if (await vault.Store.TryReadAsync(name, SignedObject.MaxBytes, stored => LedgerCodec.Open(vault, stored, number), cancellationToken) is not { } entry)
                {
                    return false;
                }

                if (entry.Previous != _head?.Hash)
                {
                    throw new IntegrityException(FaultCodes.Malformed, $"The ledger entry {number} does not follow the one before it.");
                }

                Take(entry);
                return true;
            }
            catch (IntegrityException exception) when (number > Named)
            {
                vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{name}' counts for nothing: {exception.Message}", FaultCodes.LedgerDamaged));
                return false;
            }
            catch (IntegrityException exception)
            {
                throw new VaultException(FaultCodes.LedgerDamaged, $"The ledger entry '{name}' is refused: {exception.Message}", exception);
            }
        }

        /// <summary>The register names an entry by its hash: all before it hang on that.</summary>
        internal ErasureLedger Finish()
        {
            if (vault.Register.LedgerHead is { } named)
            {
                if (named.Number >= Next)
                {
                    throw new VaultException(
                        FaultCodes.LedgerDamaged, $"The ledger entry '{ObjectNames.LedgerEntry(Next)}' is missing on {vault.Target.DisplayName}; the register knows entry {named.Number}.");
                }

                if ((_entries.Find(entry => entry.Number == named.Number)?.Head ?? (_after?.Number == named.Number ? _after : null)) is { } found && found.Hash != named.Hash)
                {
                    throw new VaultException(FaultCodes.LedgerDamaged, $"The ledger entry {named.Number} is another one than the register names.");
                }
            }

            return new ErasureLedger(vault.Register, _after, _entries);
        }

        private void Take(LedgerEntry entry)
        {
            _entries.Add(entry);
            _head = entry.Head;
        }
    }

    private static uint NumberAfter(LedgerHead? head) => head is { } known ? checked((uint)known.Number + 1) : 0;
}
