using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace SecureBackup.Profile;

/// <summary>
/// A profile as the ahead-of-time compiler reads it (.mibc): an assembly whose global methods load a token of each method in the profile, a group of them in each, and whose method
/// <c>AssemblyDictionary</c> loads each group's assemblies and its token. Such methods are compiled, whether or not the compiler sees who calls them: of types that are constructed from others it does
/// not see virtual methods, nor what an asynchronous method does with its state.
/// </summary>
internal static class ProfileImage
{
    private const int MaxStack = 8;

    private static readonly Guid Build = new("6d2d1f0e-33a5-4c53-9a43-0c1e6b6f4f5b");

    internal static byte[] Of(IEnumerable<MethodBase> methods)
    {
        var metadata = new MetadataBuilder();
        var name = metadata.GetOrAddString("SecureBackup.Profile");
        metadata.AddModule(0, name, metadata.GetOrAddGuid(Build), default, default);
        metadata.AddAssembly(name, new Version(0, 0), default, default, default, AssemblyHashAlgorithm.None);
        metadata.AddTypeDefinition(default, default, metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));

        var code = new BlobBuilder();
        var bodies = new MethodBodyStreamEncoder(code);
        AddGroups(metadata, bodies, methods);

        var image = new BlobBuilder();
        new ManagedPEBuilder(new PEHeaderBuilder(), new MetadataRootBuilder(metadata), code, deterministicIdProvider: static _ => new BlobContentId(Build, 1)).Serialize(image);
        return image.ToArray();
    }

    private static void AddGroups(MetadataBuilder metadata, MethodBodyStreamEncoder bodies, IEnumerable<MethodBase> methods)
    {
        var names = new MethodNames(metadata);
        var groups = new InstructionEncoder(new BlobBuilder());
        foreach (var group in methods.Where(MethodNames.CanName).OrderBy(TextOf, StringComparer.Ordinal).GroupBy(GroupOf, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            var tokens = new InstructionEncoder(new BlobBuilder());
            foreach (var method in group)
            {
                Load(tokens, names.Of(method));
            }

            groups.LoadString(metadata.GetOrAddUserString(group.Key));
            Load(groups, AddMethod(metadata, bodies, $"Group{metadata.GetRowCount(TableIndex.MethodDef)}", tokens));
        }

        AddMethod(metadata, bodies, "AssemblyDictionary", groups);
    }

    private static void Load(InstructionEncoder code, EntityHandle token)
    {
        code.OpCode(ILOpCode.Ldtoken);
        code.Token(token);
        code.OpCode(ILOpCode.Pop);
    }

    private static MethodDefinitionHandle AddMethod(MetadataBuilder metadata, MethodBodyStreamEncoder bodies, string name, InstructionEncoder code)
    {
        var signature = new BlobBuilder();
        new BlobEncoder(signature).MethodSignature().Parameters(0, static returned => returned.Void(), static _ => { });
        return metadata.AddMethodDefinition(
            MethodAttributes.Public | MethodAttributes.Static, MethodImplAttributes.IL, metadata.GetOrAddString(name), metadata.GetOrAddBlob(signature), bodies.AddMethodBody(code, MaxStack), default);
    }

    /// <summary>The names of its assemblies, first that of the one that is to hold the code: the compiler passes over groups that begin with another than it compiles.</summary>
    private static string GroupOf(MethodBase method)
    {
        var names = CompiledAssemblies.Of(method).Select(CompiledAssemblies.NameOf).Where(static name => name is not CompiledAssemblies.Engine).Distinct(StringComparer.Ordinal);
        return string.Join(';', names.Order(StringComparer.Ordinal).Prepend(CompiledAssemblies.Engine));
    }

    private static string TextOf(MethodBase method) => $"{method.DeclaringType} {method}";
}
