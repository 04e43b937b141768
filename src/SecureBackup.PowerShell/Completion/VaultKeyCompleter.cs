using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;

namespace SecureBackup.PowerShell.Completion;

/// <summary>Completes ids of the keys of a connected vault. It never throws and never lets the person at the keyboard wait long.</summary>
public sealed class VaultKeyCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        return
        [
            .. Load().Where(key => pattern.IsMatch(key.Id.ToString()) || pattern.IsMatch(key.Label))
                .Select(static key => new CompletionResult(key.Id.ToString()[..12], $"{key.Kind} {key.Label}", CompletionResultType.ParameterValue, $"{key.Kind} '{key.Label}' of {key.OwnerName}")),
        ];
    }

    private static IReadOnlyList<VaultKey> Load()
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            return RunspaceVaults.Current.All is [var only]
                ? Task.Run(() => VaultKeys.ListAsync(only.Vault, patience.Token), patience.Token).WaitAsync(patience.Token).GetAwaiter().GetResult()
                : [];
        }
        catch (Exception exception) when (exception is BackupException or OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
