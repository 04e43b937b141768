namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Nobody counts as erased while an object that may hold one of her keys lies on the target: a store that keeps locks does not give all of them up at once.</summary>
internal static class RemainingKeys
{
    internal static async Task<IReadOnlyList<ErasureOutcome>> JudgeAsync(
        UnlockedVault vault, IReadOnlyList<ErasureOutcome> outcomes, KeyringRewrite rewrite, CancellationToken cancellationToken)
    {
        if (rewrite.Kept.Count == 0)
        {
            return outcomes;
        }

        var oldest = rewrite.Kept.Min(static stat => stat.StoreTime);
        var remains = new Dictionary<uint, bool>();
        foreach (var number in outcomes.Select(static outcome => outcome.Entry?.Number).OfType<uint>().Distinct())
        {
            remains[number] = await IsFromBeforeAsync(vault, number, oldest, cancellationToken);
        }

        return
        [
            .. outcomes.Select(outcome => IsDestroyed(outcome) && (outcome.Entry is not { } entry || remains[entry.Number])
                ? outcome with { State = ErasureState.KeysRemain, KeysDestroyed = 0, DataSets = [] }
                : outcome),
        ];
    }

    private static bool IsDestroyed(ErasureOutcome outcome) => outcome.State == ErasureState.Erased || (outcome.State == ErasureState.Deferred && outcome.KeysDestroyed > 0);

    /// <summary>By the store's clock. Another owner, or a backup, that had looked before the entry was there may have stored a key of hers for a lapse time after it.</summary>
    private static async Task<bool> IsFromBeforeAsync(UnlockedVault vault, uint entry, DateTimeOffset storedAt, CancellationToken cancellationToken) =>
        await vault.Target.StatAsync(ObjectNames.LedgerEntry(entry), cancellationToken) is not { } stat || storedAt < stat.StoreTime + vault.Register.Policy.SessionLapse;
}
