using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

/// <summary>The register as it lies on a target.</summary>
public static class RegisterLog
{
    /// <summary>More objects behind the last entry are not looked at.</summary>
    private const int MaxLater = 1_000;

    /// <summary>
    /// Reads and judges all entries. Nothing pins them yet: see <see cref="RegisterState.Require(RegisterHead, string)"/>. What stands behind the last entry and is not the owners'
    /// word is passed over: anybody who can write to the target could otherwise close the vault with one object.
    /// </summary>
    /// <exception cref="VaultException">NotAVault, RegisterDamaged, UnsupportedFormat.</exception>
    public static async Task<RegisterReading> ReadAsync(ObjectStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadOnceAsync(store, cancellationToken);
        }
        catch (VaultException damage) when (damage.Code != FaultCodes.NotAVault && !store.Target.Capabilities.IsNear)
        {
            // Entries hold each other: which of them the way or this host's copy changed shows only when all are read anew. See SecondRead.
        }

        var second = await ReadOnceAsync(new ObjectStore(store.Target.Uncached), cancellationToken);
        for (var number = 0; number < second.State.Hashes.Count; number++)
        {
            store.Target.Doubt(ObjectNames.RegisterEntry((uint)number));
        }

        return second;
    }

    private static async Task<RegisterReading> ReadOnceAsync(ObjectStore store, CancellationToken cancellationToken)
    {
        var stats = await store.ListAsync(ObjectNames.Register, static name => ObjectNames.TryParseNumber(name, ObjectNames.Register, out _), cancellationToken);
        var unbroken = stats.TakeWhile(static (stat, i) => stat.Name == ObjectNames.RegisterEntry((uint)i)).ToList();
        string? unreadable = null;
        var entries = await store.ReadManyAsync(
            unbroken, RegisterCodec.MaxEntryBytes, static stored => stored, (_, exception) => unreadable ??= exception.Message, cancellationToken);
        if (entries.Length > 0 && entries[0] is null)
        {
            throw new VaultException(FaultCodes.RegisterDamaged, $"The register entry '{ObjectNames.RegisterEntry(0)}' cannot be read: {unreadable}");
        }

        var reading = entries.Length == 0 ? null : await JudgeAsync(store, entries, unreadable, cancellationToken);
        if (reading is null || (reading.Obstruction is null && (!store.Target.Capabilities.ListAfterWrite || stats.Count > unbroken.Count)))
        {
            // A listing may lag behind, and one that was under way while two entries came may have the later alone; an object that was put is always found by its name.
            reading = await ReadOnAsync(store, reading?.State, cancellationToken);
        }

        if (reading is null)
        {
            throw stats.Count == 0
                ? new VaultException(FaultCodes.NotAVault, $"There is no vault at {store.Target.DisplayName}.")
                : Missing(store, 0);
        }

        var behind = await LookBehindAsync(store, reading, stats, cancellationToken);
        return reading with { Obstruction = reading.Obstruction ?? behind };
    }

    /// <summary>Goes on reading after <paramref name="state"/>, entry by entry, to the first that is not there or is none.</summary>
    internal static async Task<RegisterReading?> ReadOnAsync(ObjectStore store, RegisterState? state, CancellationToken cancellationToken)
    {
        while (true)
        {
            var name = ObjectNames.RegisterEntry((uint)(state?.Hashes.Count ?? 0));
            StoredObject? next;
            try
            {
                next = await store.TryReadAsync(name, RegisterCodec.MaxEntryBytes, cancellationToken);
            }
            catch (IntegrityException exception) when (state is not null)
            {
                return new RegisterReading(state, new RegisterObstruction(name, exception.Message));
            }

            if (next is null)
            {
                return state is null ? null : new RegisterReading(state, null);
            }

            if (state?.ForeignBecause(next.Bytes) is not null)
            {
                next = await store.TryReadTwiceAsync(name, RegisterCodec.MaxEntryBytes, cancellationToken) ?? next;
            }

            if (state?.ForeignBecause(next.Bytes) is { } reason)
            {
                return new RegisterReading(state, new RegisterObstruction(name, reason));
            }

            state = state is null ? RegisterState.Begin(next.Bytes) : state.Append(next.Bytes);
        }
    }

    /// <summary>What is no entry is read again before it counts as an obstruction, since a line may have changed it; only that, or whoever places one would have every opening read all of them twice.</summary>
    /// <param name="unreadable">What is wrong with the first that could not be read.</param>
    private static async Task<RegisterReading> JudgeAsync(ObjectStore store, StoredObject?[] entries, string? unreadable, CancellationToken cancellationToken)
    {
        var state = RegisterState.Begin(entries[0]!.Bytes);
        foreach (var listed in entries.Skip(1))
        {
            var name = ObjectNames.RegisterEntry((uint)state.Hashes.Count);
            var entry = listed is not null && state.ForeignBecause(listed.Bytes) is null ? listed : await store.TryReadTwiceAsync(name, RegisterCodec.MaxEntryBytes, cancellationToken);
            if ((entry is null ? unreadable ?? "it is gone." : state.ForeignBecause(entry.Bytes)) is { } reason)
            {
                return new RegisterReading(state, new RegisterObstruction(name, reason));
            }

            state = state.Append(entry!.Bytes);
        }

        return new RegisterReading(state, null);
    }

    /// <summary>Objects with later numbers: an owner's word among them proves that entries were taken away; the rest is somebody's rubbish.</summary>
    private static async Task<RegisterObstruction?> LookBehindAsync(ObjectStore store, RegisterReading reading, List<ObjectStat> stats, CancellationToken cancellationToken)
    {
        var next = (uint)reading.State.Hashes.Count;
        var later = stats.Where(stat => NumberOf(stat.Name) > next).Take(MaxLater).ToList();
        var read = await store.ReadManyAsync(
            later,
            RegisterCodec.MaxEntryBytes,
            stored => reading.State.IsLaterEntry(stored.Bytes, NumberOf(stored.Name)) ? stored : throw new IntegrityException(FaultCodes.SignerNotEntitled, "No owner signed it for this place."),
            static (_, _) => { },
            cancellationToken);
        if (read.Any(static stored => stored is not null))
        {
            throw Missing(store, next);
        }

        return later.Count == 0 ? null : new RegisterObstruction(later[0].Name, "no owner signed it, and the entries before it are not there.");
    }

    private static uint NumberOf(ObjectName name) => ObjectNames.TryParseNumber(name, ObjectNames.Register, out var number) ? number : 0;

    private static VaultException Missing(ObjectStore store, uint number) => new(
        FaultCodes.RegisterDamaged, $"The register entry '{ObjectNames.RegisterEntry(number)}' is missing or damaged on {store.Target.DisplayName}, though later ones are there.");

    /// <summary>Signs and stores the next entry. A crash leaves the entry whole or not at all.</summary>
    /// <param name="state">The newest state known; if it is not the newest any more, the conditional create refuses.</param>
    /// <returns>The state after it.</returns>
    /// <exception cref="VaultException">RegisterConflict: nothing was stored. MoreSignaturesNeeded.</exception>
    public static async Task<RegisterState> AppendAsync(
        ObjectStore store, RegisterState state, RegisterAmendment amendment, CancellationToken cancellationToken)
    {
        if (amendment.Signers.Count < state.Policy.OwnersNeeded)
        {
            throw new VaultException(
                FaultCodes.MoreSignaturesNeeded, $"A change of this vault's register takes the signatures of {state.Policy.OwnersNeeded} owners; {amendment.Signers.Count} signed.");
        }

        var draft = RegisterDraft.Of(state, amendment.Changes, amendment.Time);
        return await PutAsync(store, state, draft.Signed([.. amendment.Signers.Select(draft.SignAs)]), cancellationToken);
    }

    /// <summary>Stores an entry that is signed already.</summary>
    /// <inheritdoc cref="AppendAsync"/>
    internal static async Task<RegisterState> PutAsync(ObjectStore store, RegisterState state, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.Length > RegisterCodec.MaxEntryBytes)
        {
            throw new RequestException(FaultCodes.EntryTooLarge, $"The change has {bytes.Length} bytes; an entry of the register has at most {RegisterCodec.MaxEntryBytes}.");
        }

        // Judged as every reader will judge it, before anybody sees it.
        var next = state.Append(bytes);
        try
        {
            await store.PutAsync(ObjectNames.RegisterEntry(next.Head.Number), bytes, cancellationToken);
        }
        catch (TargetException refusal) when (refusal.Fault is TargetFault.AlreadyExists or TargetFault.AccessDenied)
        {
            if (await StandingAsync(store, next, refusal, cancellationToken) is { } other)
            {
                throw refusal.Fault == TargetFault.AccessDenied ? refusal
                    : state.ForeignBecause(other.Bytes) is { } reason
                    ? new VaultException(FaultCodes.RegisterObstructed, $"The register cannot be added to: '{other.Name}' is there, and is no entry of it. {reason}", refusal)
                    : new VaultException(FaultCodes.RegisterConflict, $"Somebody else wrote register entry {next.Head.Number} first.", refusal);
            }
        }

        return next;
    }

    /// <summary>
    /// What is there in place of an entry that was refused; null where it is the entry itself: an answer was lost, or somebody on the way sent the request twice. Whoever is told that it does
    /// not stand deletes what it names.
    /// </summary>
    /// <exception cref="TargetException">The refusal, where nothing is there; <c>Unavailable</c>: nobody can tell.</exception>
    private static async Task<StoredObject?> StandingAsync(ObjectStore store, RegisterState next, TargetException refusal, CancellationToken cancellationToken)
    {
        var name = ObjectNames.RegisterEntry(next.Head.Number);
        try
        {
            var found = await store.TryReadTwiceAsync(name, RegisterCodec.MaxEntryBytes, cancellationToken) ?? throw refusal;
            return ContentHash.Of(found.Bytes.Span) == next.Head.Hash ? null : found;
        }
        catch (TargetException exception) when (exception != refusal)
        {
            throw new TargetException(TargetFault.Unavailable, $"Whether '{name}' was stored is not known: {refusal.Message} Then: {exception.Message}", exception);
        }
    }
}

/// <summary>What an owner adds to the register.</summary>
public sealed record RegisterAmendment(IReadOnlyList<RegisterChange> Changes, IReadOnlyList<SigningKey> Signers, Timestamp Time);
