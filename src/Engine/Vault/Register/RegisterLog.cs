using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>The register as it lies on a target.</summary>
public static class RegisterLog
{
    /// <summary>Reads and judges all entries. Nothing pins them yet: see <see cref="RegisterState.Require(RegisterHead, string)"/>.</summary>
    /// <exception cref="VaultException">NotAVault, RegisterDamaged, UnsupportedFormat.</exception>
    public static async Task<RegisterState> ReadAsync(ObjectStore store, CancellationToken cancellationToken)
    {
        var stats = await store.ListAsync(ObjectNames.Register, static name => ObjectNames.TryParseNumber(name, ObjectNames.Register, out _), cancellationToken);
        var unbroken = stats.TakeWhile(static (stat, i) => stat.Name == ObjectNames.RegisterEntry((uint)i)).ToList();
        var entries = await store.ReadManyAsync(
            unbroken,
            RegisterCodec.MaxEntryBytes,
            static stored => stored,
            static (name, exception) => throw new VaultException(FaultCodes.RegisterDamaged, $"The register entry '{name}' cannot be read: {exception.Message}", exception),
            cancellationToken);
        RegisterState? state = null;
        foreach (var entry in entries)
        {
            state = state is null ? RegisterState.Begin(entry!.Bytes) : state.Append(entry!.Bytes);
        }

        // A listing may lag behind; an object that was put is always found by its name.
        state = await ReadOnAsync(store, state, cancellationToken);
        if (stats.Count > unbroken.Count && ObjectNames.TryParseNumber(stats[^1].Name, ObjectNames.Register, out var last) && last >= (state?.Hashes.Count ?? 0))
        {
            throw new VaultException(
                FaultCodes.RegisterDamaged, $"The register entry '{ObjectNames.RegisterEntry((uint)(state?.Hashes.Count ?? 0))}' is missing on {store.Target.DisplayName}, though later ones are there.");
        }

        return state ?? throw new VaultException(FaultCodes.NotAVault, $"There is no vault at {store.Target.DisplayName}.");
    }

    /// <summary>Goes on reading after <paramref name="state"/>, entry by entry, to the first that is not there.</summary>
    internal static async Task<RegisterState?> ReadOnAsync(ObjectStore store, RegisterState? state, CancellationToken cancellationToken)
    {
        while (await store.TryReadAsync(ObjectNames.RegisterEntry((uint)(state?.Hashes.Count ?? 0)), RegisterCodec.MaxEntryBytes, cancellationToken) is { } next)
        {
            state = state is null ? RegisterState.Begin(next.Bytes) : state.Append(next.Bytes);
        }

        return state;
    }

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

        var number = state.Head.Number + 1;
        var body = RegisterCodec.Encode(new RegisterEntry(number, state.Head.Hash, amendment.Time, [], amendment.Changes));
        var header = new ObjectHeader(ObjectKind.RegisterEntry, 0, state.Vault, ObjectId.Random());
        var bytes = SignedObject.Build(header, body, [.. amendment.Signers]);

        // Judged as every reader will judge it, before anybody sees it.
        var next = state.Append(bytes);
        try
        {
            await store.PutAsync(ObjectNames.RegisterEntry(number), bytes, cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AlreadyExists)
        {
            throw new VaultException(FaultCodes.RegisterConflict, $"Somebody else wrote register entry {number} first.", exception);
        }

        return next;
    }
}

/// <summary>What an owner adds to the register.</summary>
public sealed record RegisterAmendment(IReadOnlyList<RegisterChange> Changes, IReadOnlyList<SigningKey> Signers, Timestamp Time);
