using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Completion;

/// <summary>Ids of legal holds that stand, each with what it is on and why as tool tip.</summary>
public sealed class HoldCompleter : VaultCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> OfferAsync(UnlockedVault vault, WildcardPattern pattern, CancellationToken cancellationToken)
    {
        await vault.RefreshAsync(cancellationToken);
        return
        [
            .. from hold in LegalHolds.Read(vault)
               let id = hold.Placed.Id.ToString()
               where pattern.IsMatch(id)
               select new CompletionResult(Display.ShortId(id), $"{Display.ShortId(id)}  {hold.Owner}", CompletionResultType.ParameterValue, $"{hold.Placed.Scope} {hold.ScopeText}: {hold.Reason}"),
        ];
    }
}
