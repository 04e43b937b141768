using System.Diagnostics.CodeAnalysis;
using SecureBackup.Profile;

/// <summary>
/// The runtime calls it before a program's own beginning, where DOTNET_STARTUP_HOOKS names this assembly. At the program's end the generic code of the framework and the engine that it needed and that
/// had not been compiled ahead is in the file that SECUREBACKUP_PROFILE names, in the form in which the ahead-of-time compiler takes a profile (.mibc).
/// </summary>
[SuppressMessage("Design", "CA1050:Declare types in namespaces", Justification = "The runtime looks for this very name.")]
[SuppressMessage("Design", "MA0047:Declare types in namespaces", Justification = "The runtime looks for this very name.")]
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("SECUREBACKUP_PROFILE") is { Length: > 0 } path)
        {
            var methods = new JittedMethods();
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Write(path, methods);
        }
    }

    private static void Write(string path, JittedMethods methods)
    {
        using (methods)
        {
            File.WriteAllBytes(path, ProfileImage.Of(methods.End().Where(new CompiledAssemblies().HaveAll)));
        }
    }
}
