using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

/// <summary>Subjects with keys in a vault, and what can be asked about them.</summary>
internal static class SubjectScene
{
    public const string DataSet = "members";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Gives subjects keys as a backup does.</summary>
    public static async Task<Dictionary<string, DomainId>> AddAsync(UnlockedVault writer, string dataSet, params string[] subjects)
    {
        using var issuer = await SubjectKeyIssuer.BeginAsync(writer, writer.Keys.DataSetIdOf(dataSet), Token);
        var domains = new Dictionary<string, DomainId>(StringComparer.Ordinal);
        foreach (var subject in subjects)
        {
            var domain = issuer.For(subject);
            domain.Key.Dispose();
            domains[subject] = domain.Id;
        }

        await issuer.StoreAdditionsAsync(Token);
        await issuer.RememberAsync(Token);
        return domains;
    }

    public static Task<IReadOnlyList<ErasureOutcome>> EraseAsync(UnlockedVault owner, params string[] subjects) => EraseAsync(owner, scope: null, subjects);

    public static Task<IReadOnlyList<ErasureOutcome>> EraseAsync(UnlockedVault owner, string? scope, string[] subjects) => new SubjectEraser(owner.RequireReader()).EraseAsync(
        new ErasureRequest
        {
            Subjects = [.. subjects.Select(owner.Keys.PseudonymOf)],
            Reason = "asked for by letter",
            Scope = scope is null ? [] : [owner.Keys.DataSetIdOf(scope)],
        },
        Token);

    /// <summary>As far as an erasure comes that dies right behind its entry of the ledger.</summary>
    public static async Task BeginErasureAsync(UnlockedVault owner, string dataSet, string subject)
    {
        var id = owner.Keys.DataSetIdOf(dataSet);
        var record = new LedgerRecord
        {
            Time = owner.Now, Subjects = [owner.Keys.PseudonymOf(subject)], Reason = "asked for by letter", KeysDestroyed = 1, Destroyed = [[new DestroyedKeys(id, 1)]], HorizonEnd = owner.Now,
        };
        await LedgerWriter.AppendAsync(owner, await ErasureLedger.ReadAsync(owner, after: null, Token), record, Token);
    }

    /// <summary>How many living keys each subject has.</summary>
    public static async Task<string> CountAsync(UnlockedVault owner, params string[] subjects)
    {
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        var counts = new List<int>();
        foreach (var subject in subjects)
        {
            var keys = await keyring.OfSubjectAsync(subject, Token);
            counts.Add(keys.Count);
            foreach (var key in keys)
            {
                key.Dispose();
            }
        }

        return string.Join(' ', counts);
    }

    public static int CountOf(MemoryTarget target, string folder) => target.Objects.Keys.Count(name => name.Value.StartsWith(folder, StringComparison.Ordinal));

    /// <summary>Nothing lies under <c>keyring/</c> but what the root that stands reaches.</summary>
    public static async Task RequireNothingLeftOverAsync(UnlockedVault owner, MemoryTarget target)
    {
        await owner.RefreshAsync(Token);
        using var stored = (await StoredKeyring.OpenAsync(owner, Token))!;
        Assert.Equal(
            (1, 1, stored.Map.Count, 0),
            (CountOf(target, ObjectNames.KeyringRoots), CountOf(target, ObjectNames.KeyringEpochs), CountOf(target, ObjectNames.KeyringLeaves), CountOf(target, ObjectNames.KeyringAdditions)));
    }
}
