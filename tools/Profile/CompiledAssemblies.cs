using System.Reflection;
using System.Runtime.Loader;

namespace SecureBackup.Profile;

/// <summary>The framework's assemblies and those that are loaded with the engine: what the engine is compiled with.</summary>
internal sealed class CompiledAssemblies
{
    internal const string Engine = "SecureBackup.Engine";

    private static readonly string? Framework = FolderOf(typeof(object).Assembly);

    /// <summary>The module gives the engine a context of its own. Null where it was not loaded.</summary>
    private readonly AssemblyLoadContext? _engine = AssemblyLoadContext.All.FirstOrDefault(static context => context.Assemblies.Any(static assembly => NameOf(assembly) is Engine));

    /// <summary>Whether a method is generic code and needs nothing else.</summary>
    internal bool HaveAll(MethodBase method) => (method.IsGenericMethod || method.DeclaringType is { IsConstructedGenericType: true }) && Of(method).All(Has);

    /// <summary>Of a method, its type and all their arguments.</summary>
    internal static IEnumerable<Assembly> Of(MethodBase method) => Of(method.DeclaringType!).Concat(method.IsGenericMethod ? method.GetGenericArguments().SelectMany(Of) : []);

    internal static string NameOf(Assembly assembly) => assembly.GetName().Name!;

    private static IEnumerable<Assembly> Of(Type type) =>
        type.HasElementType ? Of(type.GetElementType()!) : type.GetGenericArguments().SelectMany(Of).Prepend(type.Assembly);

    private bool Has(Assembly assembly) =>
        FolderOf(assembly) is { } folder && (string.Equals(folder, Framework, StringComparison.Ordinal) || (_engine is not null && AssemblyLoadContext.GetLoadContext(assembly) == _engine));

    /// <summary>Null where it lies in no file.</summary>
    private static string? FolderOf(Assembly assembly) => assembly.IsDynamic ? null : Path.GetDirectoryName(assembly.Location) is { Length: > 0 } folder ? folder : null;
}
