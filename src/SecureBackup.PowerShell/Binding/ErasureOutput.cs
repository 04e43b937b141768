using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Binding;

/// <summary>How erasures are shown and certified, whichever command did them.</summary>
/// <param name="Folder">Where certificates go; null for none.</param>
/// <param name="Names">As far as the caller named the customers.</param>
internal sealed record ErasureOutput(string VaultPath, string? Folder, IReadOnlyDictionary<SubjectPseudonym, string> Names, bool IncludesSubject)
{
    internal static async Task WriteAsync(
        UnlockedVault vault, IReadOnlyList<ErasureOutcome> outcomes, ErasureOutput output, PipelineGate gate, CancellationToken cancellationToken)
    {
        if (outcomes.Count == 0)
        {
            return;
        }

        var issuer = await CertificateIssuer.LoadAsync(vault, cancellationToken);
        var registry = new ExportRegistry(vault);
        foreach (var outcome in outcomes)
        {
            var name = output.Names.GetValueOrDefault(outcome.Subject);
            foreach (var package in outcome.State == ErasureState.Erased ? await registry.RemoveOfSubjectAsync(outcome.Subject, cancellationToken) : [])
            {
                gate.WriteVerbose($"The package of the customer at {package} was deleted.");
            }

            string? certificate = null;
            try
            {
                certificate = await output.CertifyAsync(issuer, outcome, name, cancellationToken);
            }
            catch (RequestException exception)
            {
                // The customer is erased; that must be said all the same.
                gate.WriteError(ErrorRecordFactory.From(exception, name));
            }

            gate.WriteObject(CustomerDataErasure.From(output.VaultPath, name, outcome, issuer, certificate));
        }
    }

    /// <summary>Nothing is certified that has not happened.</summary>
    private async Task<string?> CertifyAsync(CertificateIssuer issuer, ErasureOutcome outcome, string? name, CancellationToken cancellationToken) =>
        Folder is null || outcome.State is ErasureState.Pending or ErasureState.Unknown || (outcome.State == ErasureState.Deferred && outcome.KeysDestroyed == 0)
            ? null
            : await issuer.WriteAsync(issuer.Make(outcome, IncludesSubject ? name : null), Folder, cancellationToken);
}
