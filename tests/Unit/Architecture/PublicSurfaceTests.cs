using Mono.Cecil;

namespace SecureBackup.Tests.Unit.Architecture;

/// <summary>
/// PowerShell loads the types of the cmdlet assembly before the module can say where the engine lies. So a public type there may neither
/// derive from, implement nor show an engine type, nor hold one by value in any field.
/// </summary>
public sealed class PublicSurfaceTests
{
    private const string EngineAssembly = "SecureBackup.Engine";

    [Fact]
    public void No_public_type_of_the_cmdlets_shows_the_engine()
    {
        using var cmdlets = Open();
        var shown =
            from type in PublicTypes(cmdlets)
            from use in Surface(type)
            from part in TypeParts.Of(use.Type)
            where IsOfEngine(part)
            select $"{type.FullName}: {use.Where} shows {part.FullName}";
        Assert.Empty(shown.Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public void No_public_type_of_the_cmdlets_holds_an_engine_value()
    {
        using var cmdlets = Open();
        var held =
            from type in PublicTypes(cmdlets)
            from field in type.Fields
            from part in TypeParts.Of(field.FieldType)
            where part.IsValueType && IsOfEngine(part)
            select $"{type.FullName}.{field.Name} holds {part.FullName}";
        Assert.Empty(held);
    }

    private static IEnumerable<TypeDefinition> PublicTypes(ModuleDefinition module) => module.GetTypes().Where(IsVisible);

    private static bool IsVisible(TypeDefinition type) =>
        type.IsPublic || ((type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamilyOrAssembly) && IsVisible(type.DeclaringType));

    private static IEnumerable<(string Where, TypeReference? Type)> Surface(TypeDefinition type) =>
    [
        ("the base", type.BaseType),
        .. type.Interfaces.Select(item => ("an interface", (TypeReference?)item.InterfaceType)),
        .. type.GenericParameters.SelectMany(item => item.Constraints).Select(item => ("a constraint", (TypeReference?)item.ConstraintType)),
        .. type.CustomAttributes.Select(item => ("an attribute", (TypeReference?)item.AttributeType)),
        .. type.Fields.Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(field => (field.Name, (TypeReference?)field.FieldType)),
        .. type.Methods.Where(method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly).SelectMany(Signature),
    ];

    private static IEnumerable<(string Where, TypeReference? Type)> Signature(MethodDefinition method) =>
        method.Parameters.Select(parameter => parameter.ParameterType).Append(method.ReturnType).Select(type => (method.Name, (TypeReference?)type));

    private static bool IsOfEngine(TypeReference type) => string.Equals(type.Scope?.Name, EngineAssembly, StringComparison.Ordinal);

    private static ModuleDefinition Open()
    {
        var configuration = Repository.IsReleaseBuild ? "Release" : "Debug";
        return ModuleDefinition.ReadModule(
            Path.Combine(Repository.Root, "src", "SecureBackup.PowerShell", "bin", configuration, "net10.0", "SecureBackup.PowerShell.dll"));
    }
}
