using System.Globalization;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// The erasures in a change that waits for signatures: what it puts into force, in words, whether that may still be signed, and how it is taken back. A change names a head of
/// the ledger, and with it every entry up to there, whoever wrote it.
/// </summary>
internal static class PendingErasures
{
    private const int NamedSubjects = 3;

    /// <summary>What lies behind the head that the register names; null where no change names one. Where it cannot be read the reason is told instead.</summary>
    internal static async Task<(ErasureLedger? Ledger, string? Unreadable)> ReadAsync(UnlockedVault vault, IEnumerable<RegisterDraft> drafts, CancellationToken cancellationToken)
    {
        if (!drafts.Any(static draft => HeadOf(draft) is not null))
        {
            return (null, null);
        }

        try
        {
            return (await ErasureLedger.ReadAsync(vault, vault.Register.LedgerHead, cancellationToken), null);
        }
        catch (BackupException exception) when (exception is VaultException or KeyException)
        {
            return (null, exception.Message);
        }
    }

    /// <summary>What a change puts into force, entry by entry.</summary>
    internal static IEnumerable<string> Describe(LedgerHead head, ErasureLedger? ledger, string? unreadable)
    {
        if (ledger?.Named is { } named && head.Number <= named.Number)
        {
            return [$"The erasure ledger goes on to entry {head.Number}, which stands already."];
        }

        return ledger?.Until(head) is not { } then
            ? [$"The erasure ledger goes on to entry {head.Number}, which cannot be shown: {unreadable ?? "it is not there."}"]
            : [$"The erasure ledger goes on to entry {head.Number}.", .. then.Behind.Select(entry => Describe(entry, then, ledger))];
    }

    /// <summary>Whether an entry that the change carries out was taken back since.</summary>
    internal static bool IsOvertaken(RegisterDraft draft, ErasureLedger? ledger) => Overtaken(draft, ledger) is not null;

    /// <summary>Nobody signs an erasure that was withdrawn, or that a hold forbids which was placed meanwhile, or that is not there: the ledger could not be read any more.</summary>
    /// <exception cref="VaultException">ChangeStale, LedgerDamaged.</exception>
    internal static async Task RequireSignableAsync(UnlockedVault vault, RegisterDraft draft, CancellationToken cancellationToken)
    {
        if (HeadOf(draft) is not { } head)
        {
            return;
        }

        var ledger = await ErasureLedger.ReadAsync(vault, vault.Register.LedgerHead, cancellationToken);
        if (ledger.Until(head) is not { } then)
        {
            throw Stale($"names the ledger entry {head.Number}, which is not there");
        }

        if (Overtaken(draft, ledger) is { } overtaken)
        {
            throw Stale($"carries out the ledger entry {overtaken.Number}, which was withdrawn");
        }

        var guard = new HoldGuard(vault.Register);
        foreach (var entry in then.Waiting)
        {
            if (!entry.IsInForce && guard.AgainstEntry(entry.Record) is [var hold, ..])
            {
                throw Stale($"carries out the ledger entry {entry.Number}, and the legal hold {hold.Id.ToString()[..12]} protects somebody in it by now");
            }
        }

        VaultException Stale(string why) => new(FaultCodes.ChangeStale, $"The change {draft.Id} {why}.")
        {
            Remedy = "Run Remove-CustomerData or Optimize-BackupVault for a change that fits, and withdraw this one with Remove-BackupVaultChange.",
        };
    }

    /// <summary>
    /// Takes back what a change would have put into force, so that no later change does it. Of a stale change only what no other carries: its erasures may have been proposed
    /// anew. A crash after it leaves a change that nobody can sign.
    /// </summary>
    internal static async Task WithdrawAsync(UnlockedVault vault, PendingChange change, IReadOnlyList<PendingChange> all, CancellationToken cancellationToken)
    {
        if (HeadOf(change.Draft) is not { } head)
        {
            return;
        }

        var ledger = await ErasureLedger.ReadAsync(vault, after: null, cancellationToken);
        if (ledger.Until(head) is null)
        {
            return;
        }

        var kept = all.Where(other => change.IsStale && !other.IsStale).Select(static other => HeadOf(other.Draft)).Where(other => other is not null && ledger.Until(other) is not null).ToList();
        var withdrawn = ledger.Waiting.Where(entry => !entry.IsInForce && entry.Number <= head.Number && !kept.Exists(other => entry.Number <= other!.Number));
        await new ErasureRecorder(vault, ledger).WithdrawAsync(withdrawn, $"The change {change.Id.ToString()[..12]} was withdrawn.", cancellationToken);
    }

    private static LedgerHead? HeadOf(RegisterDraft draft) => draft.Entry.Changes.OfType<LedgerHead>().LastOrDefault();

    private static LedgerEntry? Overtaken(RegisterDraft draft, ErasureLedger? ledger) =>
        HeadOf(draft) is { } head && ledger?.Until(head) is { } then ? then.Waiting.FirstOrDefault(ledger.IsReplaced) : null;

    private static string Describe(LedgerEntry entry, ErasureLedger then, ErasureLedger now)
    {
        var record = entry.Record;
        var what = record.State switch
        {
            LedgerState.Erased => $"erase {WhoseOf(record)}, {ScopeOf(record)}",
            LedgerState.Deferred => $"defer the erasure of {WhoseOf(record)}, {ScopeOf(record)}, until no legal hold stands against it",
            _ => "erase nobody",
        };
        var fate = then.IsReplaced(entry) ? " (not carried out: a later entry stands in its place)" : now.IsReplaced(entry) ? " (withdrawn since: this change cannot be signed any more)" : "";
        var replaced = record.Replaces.Count > 0 ? $" In place of entry {string.Join(", ", record.Replaces)}." : "";

        // Whoever wrote the entry chose the words of the reason: they must not look like another line.
        return $"Entry {entry.Number}{fate}: {what}.{replaced} Reason: {EntryName.ToDisplay(System.Text.Encoding.UTF8.GetBytes(record.Reason))}";
    }

    private static string WhoseOf(LedgerRecord record)
    {
        var count = record.Subjects.Count;
        var some = string.Join(", ", record.Subjects.Take(NamedSubjects).Select(static subject => subject.ToString()[..12]));
        return $"{count.ToString("N0", CultureInfo.InvariantCulture)} customer(s) ({some}{(count > NamedSubjects ? ", …" : "")})";
    }

    private static string ScopeOf(LedgerRecord record) =>
        (record.Scope.Count == 0 ? "in all data sets" : $"in {record.Scope.Count} data set(s) only ({IdsOf(record.Scope)})")
        + (record.Spared.Count == 0 ? "" : $" but for {record.Spared.Count} that are held ({IdsOf(record.Spared)})");

    private static string IdsOf(IReadOnlyList<DataSetId> dataSets) => string.Join(", ", dataSets.Select(static id => id.ToString()[..12]));
}
