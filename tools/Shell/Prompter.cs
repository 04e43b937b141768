using System.Collections;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace SecureBackup.Shell;

/// <summary>Questions to the person at the terminal. Where there is none, each is an error at once: a script never hangs on a question.</summary>
internal sealed class Prompter(UserInterface output, KeyReader keys, bool isNonInteractive)
{
    public string ReadLine()
    {
        RequireTerminal("a line of input");
        return keys.ReadLine() ?? string.Empty;
    }

    public SecureString ReadSecret()
    {
        RequireTerminal("a secret");
        return keys.ReadSecret();
    }

    public PSCredential AskCredential(string caption, string message, string userName)
    {
        RequireTerminal("a credential");
        ShowHeading(caption, message);
        if (string.IsNullOrEmpty(userName))
        {
            output.Write("User: ");
            userName = ReadLine();
        }

        output.Write($"Password for user {userName}: ");
        return new PSCredential(userName, keys.ReadSecret());
    }

    public Dictionary<string, PSObject> AskFields(string caption, string message, Collection<FieldDescription> descriptions)
    {
        RequireTerminal(string.Join(", ", descriptions.Select(field => field.Name)));
        ShowHeading(caption, message);
        return descriptions.ToDictionary(field => field.Name, field => PSObject.AsPSObject(AskField(field)), StringComparer.OrdinalIgnoreCase);
    }

    public int AskChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        RequireTerminal($"a choice ({message})");
        ShowHeading(caption, message);
        var options = choices.Select(choice => new Choice(choice)).ToList();
        var shown = string.Join("  ", options.Select(option => $"[{option.Key}] {option.Name}"));
        var hint = defaultChoice >= 0 ? $" (default is \"{options[defaultChoice].Key}\")" : string.Empty;
        while (true)
        {
            output.Write($"{shown}{hint}: ");
            var answer = ReadLine().Trim();
            var chosen = answer.Length == 0 ? defaultChoice : options.FindIndex(option => option.IsAnsweredBy(answer));
            if (chosen >= 0)
            {
                return chosen;
            }
        }
    }

    private object? AskField(FieldDescription field)
    {
        var type = Type.GetType(field.ParameterAssemblyFullName, throwOnError: false) ?? ParameterType(field);
        if (type == typeof(PSCredential))
        {
            return AskCredential(string.Empty, field.Name, string.Empty);
        }

        if (type.IsArray || type == typeof(IList))
        {
            return AskList(field.Name, type.GetElementType() ?? typeof(object));
        }

        output.Write($"{field.Name}: ");
        return type == typeof(SecureString) ? keys.ReadSecret() : LanguagePrimitives.ConvertTo(ReadLine(), type, CultureInfo.InvariantCulture);
    }

    private static Type ParameterType(FieldDescription field) =>
        LanguagePrimitives.TryConvertTo<Type>(field.ParameterTypeFullName, CultureInfo.InvariantCulture, out var type) ? type : typeof(string);

    /// <summary>Values until an empty line.</summary>
    private Array AskList(string name, Type elementType)
    {
        var values = new ArrayList();
        while (true)
        {
            output.Write($"{name}[{values.Count}]: ");
            var line = ReadLine();
            if (line.Length == 0)
            {
                return values.ToArray(elementType);
            }

            values.Add(LanguagePrimitives.ConvertTo(line, elementType, CultureInfo.InvariantCulture));
        }
    }

    private void ShowHeading(string caption, string message)
    {
        foreach (var line in new[] { caption, message }.Where(line => !string.IsNullOrEmpty(line)))
        {
            output.WriteLine(line);
        }
    }

    private void RequireTerminal(string what)
    {
        if (isNonInteractive)
        {
            throw new HostException(
                $"The script asks for {what}, but nobody can answer: the shell is non-interactive or its input is redirected. Pass the value as a parameter, or run the command in a terminal.",
                innerException: null,
                "PromptInNonInteractiveShell",
                ErrorCategory.ResourceUnavailable);
        }
    }

    /// <summary>A label such as <c>&amp;Yes</c>: the letter after the ampersand answers, as does the whole word.</summary>
    private sealed class Choice
    {
        public Choice(ChoiceDescription description)
        {
            var label = description.Label;
            var mark = label.IndexOf('&', StringComparison.Ordinal);
            Name = label.Replace("&", string.Empty, StringComparison.Ordinal);
            Key = mark >= 0 && mark + 1 < label.Length ? label.Substring(mark + 1, 1).ToUpperInvariant() : Name;
        }

        public string Key { get; }

        public string Name { get; }

        public bool IsAnsweredBy(string answer) =>
            string.Equals(answer, Key, StringComparison.OrdinalIgnoreCase) || string.Equals(answer, Name, StringComparison.OrdinalIgnoreCase);
    }
}
