using Mono.Cecil;

namespace SecureBackup.Tests.Unit.Architecture;

/// <summary>A constructed type taken apart: elements, generic definitions and their arguments.</summary>
internal static class TypeParts
{
    public static IEnumerable<TypeReference> Of(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Of).Concat(Of(generic.ElementType)),
        FunctionPointerType pointer => pointer.Parameters.Select(parameter => parameter.ParameterType).Append(pointer.ReturnType).SelectMany(Of),
        IModifierType modifier => Of(modifier.ModifierType).Concat(Of(modifier.ElementType)),
        TypeSpecification constructed => Of(constructed.ElementType),
        _ => [type],
    };
}
