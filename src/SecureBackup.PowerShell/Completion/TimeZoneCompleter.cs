using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace SecureBackup.PowerShell.Completion;

/// <summary>The time zones that this computer knows.</summary>
public sealed class TimeZoneCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var pattern = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        return
        [
            .. TimeZoneInfo.GetSystemTimeZones().Where(zone => pattern.IsMatch(zone.Id)).OrderBy(static zone => zone.Id, StringComparer.Ordinal).Select(static zone => new CompletionResult(
                zone.Id.Contains(' ', StringComparison.Ordinal) ? $"'{zone.Id}'" : zone.Id, zone.Id, CompletionResultType.ParameterValue, zone.DisplayName)),
        ];
    }
}
