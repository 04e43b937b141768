using SecureBackup.Tests.Unit.Shell;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>
/// The module as users get it, in a process of its own: the one that <c>SECUREBACKUP_MODULE</c> names, else the newest below
/// <c>output/</c>. Never in this process: here the engine is loaded already, and isolation would prove nothing.
/// </summary>
internal static class PackagedModule
{
    /// <summary>What every script starts with: the module, and a word for "which error is this".</summary>
    private const string Prelude = """
        $ErrorActionPreference = 'Stop'
        Import-Module $env:SECUREBACKUP_MODULE
        function Get-ErrorId([scriptblock] $Action) { try { $null = & $Action; 'no error' } catch { $_.FullyQualifiedErrorId.Split(',')[0] } }

        """;

    /// <summary>Path of the manifest; skips the test where the module was never packaged.</summary>
    public static string Manifest
    {
        get
        {
            if (Environment.GetEnvironmentVariable("SECUREBACKUP_MODULE") is { Length: > 0 } given)
            {
                return given;
            }

            var output = Path.Combine(Repository.Root, "output", "SecureBackup");
            var newest = Directory.Exists(output)
                ? Directory.EnumerateFiles(output, "SecureBackup.psd1", SearchOption.AllDirectories).OrderByDescending(File.GetLastWriteTimeUtc).FirstOrDefault()
                : null;
            Assert.SkipWhen(newest is null, "The module is not packaged: run build.ps1 Package, or build.ps1 Test, which does.");
            return newest!;
        }
    }

    public static string Folder => Path.GetDirectoryName(Manifest)!;

    public static string With(string script) => Prelude + script;

    public static ShellOptions Options(IReadOnlyDictionary<string, string?> environment, string? workingDirectory = null) => ShellOptions.Default with
    {
        WorkingDirectory = workingDirectory,
        Environment = new Dictionary<string, string?>(environment, StringComparer.Ordinal) { ["SECUREBACKUP_MODULE"] = Manifest },
    };
}
