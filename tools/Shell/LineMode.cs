using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace SecureBackup.Shell;

/// <summary>The interactive mode: one prompt, one command, until <c>exit</c> or Ctrl+D.</summary>
internal sealed class LineMode(Session session)
{
    public int Run()
    {
        while (session.RequestedExitCode is null)
        {
            session.Interrupt.Forget();
            try
            {
                if (ReadCommand() is not { } command)
                {
                    return ExitCodes.Success;
                }

                session.RunLine(command);
            }
            catch (PipelineStoppedException)
            {
                // Ctrl+C at the prompt drops what was typed.
                continue;
            }
        }

        return session.RequestedExitCode.Value;
    }

    /// <summary>Lines until the parser is content; a blank line ends an incomplete command, whose parse error is then shown.</summary>
    private string? ReadCommand()
    {
        var text = new StringBuilder();
        var prompt = $"PS {session.CurrentLocation}> ";
        while (true)
        {
            session.UserInterface.Write(prompt);
            if (session.UserInterface.ReadTypedLine() is not { } line)
            {
                return null;
            }

            text.AppendLine(line);
            Parser.ParseInput(text.ToString(), out _, out var errors);
            if (line.Length == 0 || !errors.Any(error => error.IncompleteInput))
            {
                return text.ToString();
            }

            prompt = ">> ";
        }
    }
}
