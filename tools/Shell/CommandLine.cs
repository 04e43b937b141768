namespace SecureBackup.Shell;

internal enum RunMode
{
    Interactive,
    File,
    Command,
    StandardInput,
    Help,
}

/// <summary>The command line cannot be understood; the message is for the user.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>What the command line asks for. The options and their meaning are those of <c>pwsh</c>, as far as they exist here.</summary>
/// <param name="Text">The full path of the script file, or the command text.</param>
/// <param name="Arguments">What follows the script file.</param>
internal sealed record CommandLine(RunMode Mode, string Text, ScriptArguments Arguments, bool IsNonInteractive)
{
    public const string Usage = """

        Usage: SecureBackup.Shell [-NonInteractive] [[-File] <script> [argument ...]]
               SecureBackup.Shell [-NonInteractive] -Command { - | <text> }

          -File, -f            Run a script file with the arguments that follow; "-" reads the script from standard input.
          -Command, -c         Run the text that follows; "-" reads it from standard input.
          -NonInteractive      Never prompt: a question becomes an error.
          -NoProfile, -NoLogo  Accepted; there is neither a profile nor a logo.
          -Help                Show this text.

        Without a script or a command the shell reads lines from the terminal, or a script from redirected standard input.
        """;

    public static CommandLine Parse(string[] args)
    {
        var isNonInteractive = false;
        for (var at = 0; at < args.Length; at++)
        {
            var rest = args.AsSpan(at + 1);
            switch (OptionName(args[at]))
            {
                case "noninteractive" or "noni":
                    isNonInteractive = true;
                    break;
                case "noprofile" or "nop" or "nologo" or "nol":
                    break;
                case "help" or "h" or "?":
                    return new(RunMode.Help, string.Empty, ScriptArguments.None, isNonInteractive);
                case "command" or "c":
                    return ForCommand(rest, isNonInteractive);
                case "file" or "f":
                    return rest.IsEmpty
                        ? throw new UsageException($"The parameter {args[at]} needs a script file.")
                        : ForFile(rest[0], rest[1..], isNonInteractive);
                case null:
                    return ForFile(args[at], rest, isNonInteractive);
                default:
                    throw new UsageException($"The parameter {args[at]} is not known.");
            }
        }

        return new(Console.IsInputRedirected ? RunMode.StandardInput : RunMode.Interactive, string.Empty, ScriptArguments.None, isNonInteractive);
    }

    private static string? OptionName(string token) =>
        token.Length > 1 && token[0] == '-' ? token.TrimStart('-').ToLowerInvariant() : null;

    private static CommandLine ForCommand(ReadOnlySpan<string> rest, bool isNonInteractive) => rest switch
    {
        [] => throw new UsageException("The parameter -Command needs a command."),
        ["-"] => new(RunMode.StandardInput, string.Empty, ScriptArguments.None, isNonInteractive),
        _ => new(RunMode.Command, string.Join(' ', rest!), ScriptArguments.None, isNonInteractive),
    };

    private static CommandLine ForFile(string file, ReadOnlySpan<string> rest, bool isNonInteractive)
    {
        if (file is "-")
        {
            return new(RunMode.StandardInput, string.Empty, ScriptArguments.None, isNonInteractive);
        }

        var path = Path.GetFullPath(file);
        return File.Exists(path)
            ? new(RunMode.File, path, ScriptArguments.Read(rest), isNonInteractive)
            : throw new UsageException($"The argument '{file}' is not the name of a script file. Check the spelling and the path.");
    }
}
