using System.Reflection;

namespace SecureBackup.Profile;

/// <summary>The framework's assemblies and those that lie with the engine: what the engine is compiled with.</summary>
internal sealed class CompiledAssemblies
{
    internal const string Engine = "SecureBackup.Engine";

    private readonly string?[] _folders = [FolderOf(typeof(object).Assembly), FolderOf(Array.Find(AppDomain.CurrentDomain.GetAssemblies(), static assembly => NameOf(assembly) is Engine))];

    /// <summary>Whether a method is generic code and needs nothing else.</summary>
    internal bool HaveAll(MethodBase method) =>
        (method.IsGenericMethod || method.DeclaringType is { IsConstructedGenericType: true }) && Of(method).All(assembly => Array.IndexOf(_folders, FolderOf(assembly)) >= 0);

    /// <summary>Of a method, its type and all their arguments.</summary>
    internal static IEnumerable<Assembly> Of(MethodBase method) => Of(method.DeclaringType!).Concat(method.IsGenericMethod ? method.GetGenericArguments().SelectMany(Of) : []);

    internal static string NameOf(Assembly assembly) => assembly.GetName().Name!;

    private static IEnumerable<Assembly> Of(Type type) =>
        type.HasElementType ? Of(type.GetElementType()!) : type.GetGenericArguments().SelectMany(Of).Prepend(type.Assembly);

    private static string? FolderOf(Assembly? assembly) => assembly is null or { IsDynamic: true } ? null : Path.GetDirectoryName(assembly.Location);
}
