namespace SecureBackup.Shell;

/// <summary>Entry point: reads the command line, runs what it asks for, returns the exit code that <c>pwsh</c> would return.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        CommandLine line;
        try
        {
            line = CommandLine.Parse(args);
        }
        catch (UsageException fault)
        {
            Console.Error.WriteLine(fault.Message);
            Console.Error.WriteLine(CommandLine.Usage);
            return ExitCodes.BadCommandLine;
        }

        if (line.Mode == RunMode.Help)
        {
            Console.WriteLine(CommandLine.Usage);
            return ExitCodes.Success;
        }

        // Nothing that runs here is reported to anybody; it also saves 25 ms. To be set before the engine's first type is used.
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        using var session = new Session(line.IsNonInteractive || Console.IsInputRedirected);
        return line.Mode switch
        {
            RunMode.File => session.RunFile(line.Text, line.Arguments),
            RunMode.Command => session.RunCommand(line.Text),
            RunMode.StandardInput => session.RunCommand(Console.In.ReadToEnd()),
            _ => new LineMode(session).Run(),
        };
    }
}
