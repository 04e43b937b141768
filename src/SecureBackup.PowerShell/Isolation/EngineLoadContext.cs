using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace SecureBackup.PowerShell.Isolation;

/// <summary>
/// Holds the engine and everything it needs, managed and native, from the module's <c>engine</c> folder. So the default context
/// sees the cmdlet assembly alone, and other modules may bring other versions of the same libraries, loaded before or after.
/// What speaks to object stores, with its libraries, lies in a folder <c>targets</c> below that, and is loaded when it is first named.
/// Of what is there compiled ahead for this platform, in a folder of its name, that image is taken: a small run took 0.50 s
/// instead of 0.62. A folder that has the framework's version in its name goes before it, where its code was compiled together with exactly
/// the framework that runs. Images of another build, which a copy over an older module leaves there, are not taken, nor damaged ones.
/// </summary>
internal sealed class EngineLoadContext : AssemblyLoadContext
{
    private const string EngineAssembly = "SecureBackup.Engine";
    private const string TargetsAssembly = "SecureBackup.Targets";

    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(typeof(EngineLoadContext).Assembly.Location)!, "engine");
    private static readonly string TargetsFolder = Path.Combine(Folder, "targets");
    private static readonly Lazy<string[]> NativeFolders = new(FindNativeFolders);
    private static readonly Lazy<string[]> NativeTargetsFolders = new(static () => OfSameBuild(TargetsFolder, TargetsAssembly, Path.Combine(TargetsFolder, PlatformName())));
    private static readonly Lazy<EngineLoadContext> Shared = new(static () => new EngineLoadContext());
    private static readonly Lock Hooking = new();
    private static bool _isHooked;

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
        // No import returns before the hook is there: the default context remembers what it could not find.
        lock (Hooking)
        {
            if (_isHooked)
            {
                return;
            }

            Default.Resolving += static (_, name) =>
                name.Name is { } asked && (asked.Equals(EngineAssembly, StringComparison.OrdinalIgnoreCase) || asked.Equals(TargetsAssembly, StringComparison.OrdinalIgnoreCase))
                    && Shared.Value.PathOf(name) is not null
                    ? Shared.Value.LoadFromAssemblyName(name)
                    : null;
            _isHooked = true;
        }
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var path = PathOf(assemblyName);
        return path is null ? null : LoadFromAssemblyPath(path);
    }

    /// <summary>Null for what is not here: asked for it all the same, this context would ask the default one, and that this one again.</summary>
    private string? PathOf(AssemblyName assemblyName)
    {
        var file = assemblyName.Name + ".dll";
        return Find(NativeFolders.Value, file) ?? _resolver.ResolveAssemblyToPath(assemblyName) ?? Find([.. NativeTargetsFolders.Value, TargetsFolder], file);
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        var path = _resolver.ResolveUnmanagedDllToPath(unmanagedDllName);
        return path is null ? 0 : LoadUnmanagedDllFromPath(path);
    }

    private static string? Find(string[] folders, string file) => Array.ConvertAll(folders, folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static string[] FindNativeFolders()
    {
        var any = Path.Combine(Folder, PlatformName());
        var together = $"{any}-{Environment.Version}";
        return OfSameBuild(Folder, EngineAssembly, IsOfRunningFramework(together) ? [together, any] : [any]);
    }

    /// <summary>Those of the folders whose code is that of the assembly that every platform has.</summary>
    private static string[] OfSameBuild(string folder, string assembly, params string[] natives)
    {
        var build = BuildOf(Path.Combine(folder, assembly + ".dll"));
        return Array.FindAll(natives, native => BuildOf(Path.Combine(native, assembly + ".dll")) is { } id && id == build);
    }

    /// <summary>Whether each assembly of the framework that the code relies on is, to the last bit, the one that it was compiled with: nothing else would notice.</summary>
    private static bool IsOfRunningFramework(string folder)
    {
        var list = Path.Combine(folder, "framework.txt");
        return File.Exists(list) && File.ReadAllLines(list) is { Length: > 0 } lines
            && Array.TrueForAll(lines, static line => line.Split(' ') is [var name, var build] && Guid.TryParse(build, out var id) && id == RunningBuildOf(name));
    }

    /// <summary>Null where this framework has no such assembly.</summary>
    private static Guid? RunningBuildOf(string name)
    {
        try
        {
            return Default.LoadFromAssemblyName(new AssemblyName(name)).ManifestModule.ModuleVersionId;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Null where there is no sound image. Code that is compiled ahead keeps the id of the build that it was made from.</summary>
    private static Guid? BuildOf(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var image = new PEReader(File.OpenRead(path));
            var metadata = image.GetMetadataReader();
            return metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
        }
        catch (BadImageFormatException)
        {
            return null;
        }
    }

    private static string PlatformName()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
