using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text;
using System.Text.RegularExpressions;

namespace SecureBackup.Shell;

/// <summary>
/// Command-line tokens as arguments of a script: <c>-Name value</c>, <c>-Name:value</c>, <c>-Switch</c>, <c>-Switch:$false</c> or
/// a positional value. Values stay text; the script's parameters convert them.
/// </summary>
/// <param name="Splatted">Tokens that the script's own binder pairs: it alone knows which names are switches.</param>
/// <param name="Attached">The <c>-Name:value</c> ones as command text: splatting would tear name and value apart.</param>
internal sealed partial record ScriptArguments(IReadOnlyList<CommandParameter> Splatted, string Attached)
{
    public static ScriptArguments None { get; } = new([], string.Empty);

    public static ScriptArguments Read(ReadOnlySpan<string> tokens)
    {
        var splatted = new List<CommandParameter>(tokens.Length);
        var attached = new StringBuilder();
        for (var at = 0; at < tokens.Length; at++)
        {
            var token = tokens[at];
            var name = NamePattern().Match(token);
            if (!name.Success)
            {
                splatted.Add(new CommandParameter(null, token));
            }
            else if (name.Length == token.Length && !token.EndsWith(':'))
            {
                splatted.Add(new CommandParameter(token));
            }
            else if (name.Length < token.Length)
            {
                attached.Append(' ').Append(name.Value).Append(Literal(token[name.Length..]));
            }
            else
            {
                attached.Append(' ').Append(name.Value).Append(++at < tokens.Length ? Literal(tokens[at]) : throw MissingValue(token));
            }
        }

        return new(splatted, attached.ToString());
    }

    private static string Literal(string value) => value.ToUpperInvariant() switch
    {
        "$TRUE" or "TRUE" => "$true",
        "$FALSE" or "FALSE" => "$false",
        _ => $"'{CodeGeneration.EscapeSingleQuotedStringContent(value)}'",
    };

    private static UsageException MissingValue(string token) => new($"The script argument {token} needs a value.");

    /// <summary>A dash, a letter and so on, up to the end or to a colon: <c>-5</c> and <c>-</c> are values.</summary>
    [GeneratedRegex(@"^-[\p{L}_][\w-]*(:|\z)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamePattern();
}
