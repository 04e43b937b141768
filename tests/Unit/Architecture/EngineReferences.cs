using Mono.Cecil;
using Mono.Cecil.Cil;

namespace SecureBackup.Tests.Unit.Architecture;

/// <summary>One type using a type of another room.</summary>
internal sealed record RoomUse(string FromRoom, string FromType, string ToRoom, string ToType);

/// <summary>Every reference between the rooms of the compiled engine: signatures, fields, attributes and method bodies.</summary>
internal static class EngineReferences
{
    private const string Prefix = "SecureBackup.Engine";

    /// <summary>The folder of a type; the namespace itself where it is not one of the engine's folders; null for what the compiler makes.</summary>
    public static string? RoomOf(TypeReference type, string prefix = Prefix)
    {
        var outer = type;
        while (outer.DeclaringType is not null)
        {
            outer = outer.DeclaringType;
        }

        if (outer.Name.StartsWith('<') || outer.Namespace.StartsWith("System", StringComparison.Ordinal) || outer.Namespace.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal))
        {
            return null;
        }

        return outer.Namespace.StartsWith(prefix + ".", StringComparison.Ordinal) ? outer.Namespace[(prefix.Length + 1)..].Split('.')[0] : $"'{outer.Namespace}'";
    }

    public static IEnumerable<TypeDefinition> Types(ModuleDefinition module, string prefix = Prefix) => module.GetTypes().Where(type => RoomOf(type, prefix) is not null);

    public static IEnumerable<RoomUse> Uses(ModuleDefinition module, string prefix = Prefix) =>
        from type in Types(module, prefix)
        let room = RoomOf(type, prefix)
        from used in ReferencedTypes(type).SelectMany(TypeParts.Of).DistinctBy(used => used.FullName)
        where IsOfEngine(used, module)
        let usedRoom = RoomOf(used, prefix)
        where usedRoom is not null && !string.Equals(usedRoom, room, StringComparison.Ordinal)
        select new RoomUse(room, type.FullName, usedRoom, used.FullName);

    /// <summary>What another assembly's rooms use of the engine.</summary>
    public static IEnumerable<RoomUse> UsesOfEngine(ModuleDefinition module, string prefix) =>
        from type in Types(module, prefix)
        from used in ReferencedTypes(type).SelectMany(TypeParts.Of).DistinctBy(used => used.FullName)
        where used.Scope != module && RoomOf(used) is { } usedRoom && !usedRoom.StartsWith('\'')
        select new RoomUse(RoomOf(type, prefix)!, type.FullName, RoomOf(used)!, used.FullName);

    private static bool IsOfEngine(TypeReference type, ModuleDefinition module) => type.Scope == module || type.Module == module && type is TypeDefinition;

    private static IEnumerable<TypeReference?> ReferencedTypes(TypeDefinition type) =>
    [
        type.BaseType,
        .. type.Interfaces.Select(item => item.InterfaceType),
        .. type.GenericParameters.SelectMany(Constraints),
        .. Attributes(type),
        .. type.Fields.SelectMany(field => (TypeReference?[])[field.FieldType, .. Attributes(field)]),
        .. type.Properties.SelectMany(Attributes),
        .. type.Events.SelectMany(Attributes),
        .. type.Methods.SelectMany(Method),
    ];

    private static IEnumerable<TypeReference?> Method(MethodDefinition method) =>
    [
        .. Signature(method),
        .. method.GenericParameters.SelectMany(Constraints),
        .. Attributes(method),
        .. method.Parameters.SelectMany(Attributes),
        .. method.HasBody ? Body(method.Body) : [],
    ];

    private static IEnumerable<TypeReference?> Body(MethodBody body) =>
    [
        .. body.Variables.Select(variable => variable.VariableType),
        .. body.ExceptionHandlers.Select(handler => handler.CatchType),
        .. body.Instructions.SelectMany(instruction => Operand(instruction.Operand)),
    ];

    private static IEnumerable<TypeReference?> Operand(object? operand) => operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        GenericInstanceMethod generic => [.. generic.GenericArguments, .. Operand(generic.ElementMethod)],
        MethodReference method => [method.DeclaringType, .. Signature(method)],
        CallSite site => (IEnumerable<TypeReference?>)Signature(site),
        _ => [],
    };

    private static IEnumerable<TypeReference> Signature(IMethodSignature method) =>
        method.Parameters.Select(parameter => parameter.ParameterType).Append(method.ReturnType);

    private static IEnumerable<TypeReference> Constraints(GenericParameter parameter) => parameter.Constraints.Select(item => item.ConstraintType);

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider holder) => holder.CustomAttributes.Select(item => item.AttributeType);
}
