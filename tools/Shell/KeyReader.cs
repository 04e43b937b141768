using System.Management.Automation;
using System.Security;

namespace SecureBackup.Shell;

/// <summary>
/// Lines typed at a terminal. Keys are polled rather than waited for, because a blocked read cannot be ended when Ctrl+C comes.
/// </summary>
internal sealed class KeyReader(Interrupt interrupt)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(15);

    /// <summary>A line without its end, or null when Ctrl+D ends the input.</summary>
    public string? ReadLine()
    {
        var line = new System.Text.StringBuilder();
        while (true)
        {
            var key = ReadKey();
            switch (key)
            {
                case { Key: ConsoleKey.Enter }:
                    Console.WriteLine();
                    return line.ToString();
                case { Key: ConsoleKey.D, Modifiers: ConsoleModifiers.Control }:
                    if (line.Length == 0)
                    {
                        Console.WriteLine();
                        return null;
                    }

                    break;
                case { Key: ConsoleKey.Backspace }:
                    if (line.Length > 0)
                    {
                        line.Length -= line.Length > 1 && char.IsLowSurrogate(line[^1]) ? 2 : 1;
                        Console.Write("\b \b");
                    }

                    break;
                default:
                    if (IsText(key))
                    {
                        line.Append(key.KeyChar);
                        Console.Write(key.KeyChar);
                    }

                    break;
            }
        }
    }

    /// <summary>A secret, shown as asterisks and never held as text.</summary>
    public SecureString ReadSecret()
    {
        var secret = new SecureString();
        while (true)
        {
            var key = ReadKey();
            if (key.Key == ConsoleKey.Enter)
            {
                Console.WriteLine();
                secret.MakeReadOnly();
                return secret;
            }

            if (key.Key == ConsoleKey.Backspace && secret.Length > 0)
            {
                secret.RemoveAt(secret.Length - 1);
                Console.Write("\b \b");
            }
            else if (IsText(key))
            {
                secret.AppendChar(key.KeyChar);
                Console.Write('*');
            }
        }
    }

    private static bool IsText(ConsoleKeyInfo key) => key.KeyChar == '\t' || !char.IsControl(key.KeyChar);

    private ConsoleKeyInfo ReadKey()
    {
        while (!Console.KeyAvailable)
        {
            if (interrupt.WasRequested)
            {
                Console.WriteLine();
                throw new PipelineStoppedException();
            }

            Thread.Sleep(PollInterval);
        }

        return Console.ReadKey(intercept: true);
    }
}
