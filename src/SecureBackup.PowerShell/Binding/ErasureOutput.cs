using System.Management.Automation.Language;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Binding;

/// <summary>How erasures are shown and certified, whichever command did them: the owner whose command destroyed signs the certificate.</summary>
/// <param name="Folder">Where certificates go; null for none.</param>
/// <param name="Names">As far as the caller named the customers.</param>
internal sealed record ErasureOutput(string VaultPath, string? Folder, IReadOnlyDictionary<SubjectPseudonym, string> Names, bool IncludesSubject)
{
    /// <summary>Where only the ledger knows whom it is about.</summary>
    internal static ErasureOutput Nameless(string vaultPath, string? folder) => new(vaultPath, folder, new Dictionary<SubjectPseudonym, string>(), IncludesSubject: false);

    internal async Task WriteAsync(UnlockedVault vault, IReadOnlyList<ErasureOutcome> outcomes, PipelineGate gate, CancellationToken cancellationToken)
    {
        foreach (var erasure in await SettleAsync(vault, outcomes, gate, cancellationToken))
        {
            gate.WriteObject(erasure);
        }
    }

    /// <summary>Deletes the packages of who is erased, writes the certificates, and says what is to be run next where something is missing.</summary>
    internal async Task<IReadOnlyList<CustomerDataErasure>> SettleAsync(
        UnlockedVault vault, IReadOnlyList<ErasureOutcome> outcomes, PipelineGate gate, CancellationToken cancellationToken)
    {
        if (outcomes.Count == 0)
        {
            return [];
        }

        var issuer = await CertificateIssuer.LoadAsync(vault, cancellationToken);
        var registry = new ExportRegistry(vault);
        var erasures = new List<CustomerDataErasure>(outcomes.Count);
        foreach (var outcome in outcomes)
        {
            var name = Names.GetValueOrDefault(outcome.Subject);
            foreach (var package in outcome.State is ErasureState.Erased or ErasureState.KeysRemain ? await registry.RemoveOfSubjectAsync(outcome.Subject, cancellationToken) : [])
            {
                gate.WriteVerbose($"The package of the customer at {package} was deleted.");
            }

            string? certificate = null;
            try
            {
                certificate = await CertifyAsync(issuer, outcome, name, cancellationToken);
            }
            catch (RequestException exception)
            {
                // The customer is erased; that must be said all the same.
                gate.WriteError(ErrorRecordFactory.From(exception, name));
            }

            erasures.Add(CustomerDataErasure.From(VaultPath, name, outcome, issuer, certificate));
        }

        SayWhatIsNext(outcomes, gate);
        return erasures;
    }

    /// <summary>Nothing is certified that has not happened.</summary>
    private async Task<string?> CertifyAsync(CertificateIssuer issuer, ErasureOutcome outcome, string? name, CancellationToken cancellationToken) =>
        Folder is not null && IsCertified(outcome) ? await issuer.WriteAsync(issuer.Make(outcome, IncludesSubject ? name : null), Folder, cancellationToken) : null;

    private static bool IsCertified(ErasureOutcome outcome) =>
        outcome.State == ErasureState.Erased || (outcome.State == ErasureState.Deferred && outcome.KeysDestroyed > 0);

    private void SayWhatIsNext(IReadOnlyList<ErasureOutcome> outcomes, PipelineGate gate)
    {
        foreach (var waiting in outcomes.Where(static outcome => outcome.Change is not null).GroupBy(static outcome => outcome.Change!.Value))
        {
            Warn($"{waiting.Count():N0} customer(s) are not erased before other owners have signed. Each of them runs: {LineOf($"Approve-BackupVaultChange -Id {Display.ShortId(waiting.Key.ToString())}")}. "
                + "The last signature erases, and that command writes the certificates.");
        }

        var remaining = outcomes.Count(static outcome => outcome.State == ErasureState.KeysRemain);
        if (remaining > 0)
        {
            Warn($"{remaining:N0} customer(s) are not erased yet. No reader of this vault takes their keys any more, but the store still keeps old objects that may hold them. "
                + $"Once the locks have ended, run for each: {LineOf("Remove-CustomerData -Subject <customer> -Reason <reason>")}.");
        }

        var uncertified = outcomes.Count(IsCertified);
        if (Folder is null && Names.Count == 0 && uncertified > 0)
        {
            Warn($"{uncertified:N0} customer(s) were erased and no certificate was written. For one, run: {LineOf("Remove-CustomerData -Subject <customer> -Reason <reason>")}.");
        }

        void Warn(string text) => gate.Report(new BackupEvent(EventSeverity.Warning, text));
        string LineOf(string command) => $"{command} -Vault '{CodeGeneration.EscapeSingleQuotedStringContent(VaultPath)}' -CertificatePath {(Folder is null ? "<folder>" : $"'{CodeGeneration.EscapeSingleQuotedStringContent(Folder)}'")}";
    }
}
