using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>What was done, or would be done, about the keys of subjects.</summary>
/// <param name="Erased">Subjects whose erasure was interrupted, or deferred by a hold that stands no more.</param>
internal sealed record KeyringUpkept(int Erased, long KeysFolded, int ObjectsDeleted)
{
    /// <summary>Old objects that the store did not give up.</summary>
    internal int ObjectsKept { get; init; }

    /// <summary>Who was erased, and who waits for the signatures of other owners.</summary>
    internal IReadOnlyList<ErasureOutcome> Erasures { get; init; } = [];
}

/// <summary>
/// The keyring's part of a collection, for owners: ends what an erasure began, carries out what no hold defers any more, folds additions in, and destroys keys that a backup stored
/// while their subject was erased. A vault whose keyring cannot be opened is collected all the same.
/// </summary>
internal static class KeyringUpkeep
{
    private static readonly KeyringUpkept Nothing = new(0, 0, 0);

    internal static Task<KeyringUpkept> PlanAsync(UnlockedVault vault, CancellationToken cancellationToken) => GuardAsync(vault, vault.Sink, async () =>
    {
        var (due, rewrite) = await new SubjectEraser(vault.RequireReader()).PlanResumeAsync(cancellationToken);
        return new KeyringUpkept(due, rewrite.KeysFolded, rewrite.ObjectsDeleted);
    });

    internal static Task<KeyringUpkept> RunAsync(CollectRun run, CancellationToken cancellationToken) => run.IsOver() ? Task.FromResult(Nothing) : GuardAsync(run.Vault, run.Context.Sink, async () =>
    {
        var (outcomes, rewrite) = await new SubjectEraser(run.Vault.RequireReader()).ResumeAsync(cancellationToken);
        var erased = outcomes.Where(static outcome => outcome.State is ErasureState.Erased or ErasureState.KeysRemain).ToList();
        var packages = new ExportRegistry(run.Vault);
        foreach (var outcome in erased)
        {
            await packages.RemoveOfSubjectAsync(outcome.Subject, cancellationToken);
        }

        return new KeyringUpkept(erased.Count(static outcome => outcome.State == ErasureState.Erased), rewrite.KeysFolded, rewrite.ObjectsDeleted) { ObjectsKept = rewrite.Kept.Count, Erasures = outcomes };
    });

    private static async Task<KeyringUpkept> GuardAsync(UnlockedVault vault, IEngineSink sink, Func<Task<KeyringUpkept>> upkeep)
    {
        if (!vault.IsReader || vault.Register.Find(vault.Self)?.Roles.HasFlag(Crypto.MemberRoles.Owner) != true)
        {
            return Nothing;
        }

        try
        {
            return await upkeep();
        }
        catch (BackupException exception) when (exception is VaultException or KeyException or IntegrityException)
        {
            sink.Report(new BackupEvent(EventSeverity.Warning, $"The keys of subjects were left as they are: {exception.Message}", exception.Code));
            return Nothing;
        }
    }
}
