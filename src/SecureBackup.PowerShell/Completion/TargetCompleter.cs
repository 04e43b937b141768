using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.PowerShell.Completion;

/// <summary>The names of registered targets. No store is asked.</summary>
public sealed class TargetCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        try
        {
            return [.. TargetRegistry.Default.All().Where(target => pattern.IsMatch(target.Name)).Select(static target => new CompletionResult(target.Name, target.Name, CompletionResultType.ParameterValue, target.Address.Canonical))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
