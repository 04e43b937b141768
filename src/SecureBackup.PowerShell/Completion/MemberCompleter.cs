using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Completion;

/// <summary>Names of the members that are not removed.</summary>
public sealed class MemberCompleter : VaultCompleter
{
    private protected override Task<IReadOnlyList<CompletionResult>> OfferAsync(UnlockedVault vault, WildcardPattern pattern, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<CompletionResult>>(
        [
            .. from member in vault.Register.Members.Values.OrderBy(static member => member.Entry.Name, StringComparer.OrdinalIgnoreCase)
               where !member.Entry.IsRevoked && pattern.IsMatch(member.Entry.Name)
               select Quoted(member.Entry.Name, $"{string.Join(", ", BackupMember.RolesOf(member.Entry.Roles))}, {Display.ShortId(member.Entry.Id.ToString())}"),
        ]);
}

/// <summary>Ids of changes that wait for signatures, each with what it is as tool tip.</summary>
public sealed class ChangeCompleter : VaultCompleter
{
    private protected override async Task<IReadOnlyList<CompletionResult>> OfferAsync(UnlockedVault vault, WildcardPattern pattern, CancellationToken cancellationToken) =>
    [
        .. from change in await PendingChanges.ListAsync(vault, cancellationToken)
           let id = change.Id.ToString()
           where pattern.IsMatch(id)
           select new CompletionResult(Display.ShortId(id), $"{Display.ShortId(id)}  {change.Proposer}", CompletionResultType.ParameterValue, string.Join(" ", change.Changes)),
    ];
}
