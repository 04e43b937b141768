using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace SecureBackup.Profile;

/// <summary>Names methods of this process in an assembly's metadata, by references alone.</summary>
internal sealed class MethodNames(MetadataBuilder metadata)
{
    /// <summary>What the runtime puts in the place of each reference type where it shares code; the compiler knows it by an assembly of its own.</summary>
    private const string SharedType = "System.__Canon";
    private const string SharedTypeAssembly = "System.Private.Canon";

    private static readonly Dictionary<Type, PrimitiveTypeCode> Primitives = new()
    {
        [typeof(void)] = PrimitiveTypeCode.Void,
        [typeof(bool)] = PrimitiveTypeCode.Boolean,
        [typeof(char)] = PrimitiveTypeCode.Char,
        [typeof(sbyte)] = PrimitiveTypeCode.SByte,
        [typeof(byte)] = PrimitiveTypeCode.Byte,
        [typeof(short)] = PrimitiveTypeCode.Int16,
        [typeof(ushort)] = PrimitiveTypeCode.UInt16,
        [typeof(int)] = PrimitiveTypeCode.Int32,
        [typeof(uint)] = PrimitiveTypeCode.UInt32,
        [typeof(long)] = PrimitiveTypeCode.Int64,
        [typeof(ulong)] = PrimitiveTypeCode.UInt64,
        [typeof(float)] = PrimitiveTypeCode.Single,
        [typeof(double)] = PrimitiveTypeCode.Double,
        [typeof(string)] = PrimitiveTypeCode.String,
        [typeof(nint)] = PrimitiveTypeCode.IntPtr,
        [typeof(nuint)] = PrimitiveTypeCode.UIntPtr,
        [typeof(object)] = PrimitiveTypeCode.Object,
        [typeof(TypedReference)] = PrimitiveTypeCode.TypedReference,
    };

    private readonly Dictionary<string, AssemblyReferenceHandle> _assemblies = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, EntityHandle> _types = [];

    /// <summary>Not where a type is a function's, or an array's of several dimensions.</summary>
    internal static bool CanName(MethodBase method) =>
        !method.CallingConvention.HasFlag(CallingConventions.VarArgs) && TypesOf(DefinitionOf(method)).Append(method.DeclaringType!).Concat(ArgumentsOf(method)).All(CanName);

    internal EntityHandle Of(MethodBase method)
    {
        var definition = metadata.AddMemberReference(Of(method.DeclaringType!), metadata.GetOrAddString(method.Name), metadata.GetOrAddBlob(SignatureOf(DefinitionOf(method))));
        var arguments = ArgumentsOf(method);
        if (arguments.Length == 0)
        {
            return definition;
        }

        var instance = new BlobBuilder();
        instance.WriteByte((byte)SignatureKind.MethodSpecification);
        Write(instance, arguments);
        return metadata.AddMethodSpecification(definition, metadata.GetOrAddBlob(instance));
    }

    private static bool CanName(Type type) =>
        !type.IsFunctionPointer && !type.IsVariableBoundArray && (!type.HasElementType || CanName(type.GetElementType()!)) && Array.TrueForAll(type.GetGenericArguments(), CanName);

    private static IEnumerable<Type> TypesOf(MethodBase definition) => ParametersOf(definition).Select(static parameter => parameter.ParameterType);

    /// <summary>First what it returns, where it is no constructor.</summary>
    private static IEnumerable<ParameterInfo> ParametersOf(MethodBase definition) =>
        definition is MethodInfo returning ? definition.GetParameters().Prepend(returning.ReturnParameter) : definition.GetParameters();

    /// <summary>As it stands in its assembly, where its types are still to be filled in.</summary>
    private static MethodBase DefinitionOf(MethodBase method) => method.Module.ResolveMethod(method.MetadataToken)!;

    private static Type[] ArgumentsOf(MethodBase method) => method.IsGenericMethod ? method.GetGenericArguments() : [];

    private BlobBuilder SignatureOf(MethodBase definition)
    {
        var signature = new BlobBuilder();
        var attributes = (definition.IsStatic ? SignatureAttributes.None : SignatureAttributes.Instance) | (definition.IsGenericMethod ? SignatureAttributes.Generic : SignatureAttributes.None);
        signature.WriteByte(new SignatureHeader(SignatureKind.Method, SignatureCallingConvention.Default, attributes).RawValue);
        if (definition.IsGenericMethod)
        {
            signature.WriteCompressedInteger(definition.GetGenericArguments().Length);
        }

        signature.WriteCompressedInteger(definition.GetParameters().Length);
        if (definition is ConstructorInfo)
        {
            Write(signature, typeof(void));
        }

        foreach (var parameter in ParametersOf(definition))
        {
            WriteModifiers(signature, parameter.GetRequiredCustomModifiers(), SignatureTypeCode.RequiredModifier);
            WriteModifiers(signature, parameter.GetOptionalCustomModifiers(), SignatureTypeCode.OptionalModifier);
            Write(signature, parameter.ParameterType);
        }

        return signature;
    }

    private void WriteModifiers(BlobBuilder signature, Type[] modifiers, SignatureTypeCode kind)
    {
        foreach (var modifier in modifiers)
        {
            signature.WriteByte((byte)kind);
            signature.WriteCompressedInteger(CodedIndex.TypeDefOrRefOrSpec(Of(modifier)));
        }
    }

    private void Write(BlobBuilder signature, Type[] arguments)
    {
        signature.WriteCompressedInteger(arguments.Length);
        foreach (var argument in arguments)
        {
            Write(signature, argument);
        }
    }

    private void Write(BlobBuilder signature, Type type)
    {
        if (type.HasElementType)
        {
            signature.WriteByte((byte)(type.IsByRef ? SignatureTypeCode.ByReference : type.IsPointer ? SignatureTypeCode.Pointer : SignatureTypeCode.SZArray));
            Write(signature, type.GetElementType()!);
        }
        else if (type.IsGenericParameter)
        {
            signature.WriteByte((byte)(type.IsGenericMethodParameter ? SignatureTypeCode.GenericMethodParameter : SignatureTypeCode.GenericTypeParameter));
            signature.WriteCompressedInteger(type.GenericParameterPosition);
        }
        else if (type.IsGenericType)
        {
            signature.WriteByte((byte)SignatureTypeCode.GenericTypeInstance);
            WriteDefinition(signature, type.GetGenericTypeDefinition());
            Write(signature, type.GetGenericArguments());
        }
        else if (Primitives.TryGetValue(type, out var primitive))
        {
            signature.WriteByte((byte)primitive);
        }
        else
        {
            WriteDefinition(signature, type);
        }
    }

    private void WriteDefinition(BlobBuilder signature, Type type)
    {
        signature.WriteByte((byte)(type.IsValueType ? SignatureTypeKind.ValueType : SignatureTypeKind.Class));
        signature.WriteCompressedInteger(CodedIndex.TypeDefOrRefOrSpec(Of(type)));
    }

    private EntityHandle Of(Type type)
    {
        if (!_types.TryGetValue(type, out var handle))
        {
            handle = type.IsConstructedGenericType || type.HasElementType ? AddSpecification(type) : AddReference(type);
            _types.Add(type, handle);
        }

        return handle;
    }

    private TypeSpecificationHandle AddSpecification(Type type)
    {
        var signature = new BlobBuilder();
        Write(signature, type);
        return metadata.AddTypeSpecification(metadata.GetOrAddBlob(signature));
    }

    private TypeReferenceHandle AddReference(Type type)
    {
        var (scope, space) = type.DeclaringType is { } outer ? (Of(outer), default) : (Of(type.FullName is SharedType ? SharedTypeAssembly : CompiledAssemblies.NameOf(type.Assembly)), metadata.GetOrAddString(type.Namespace ?? string.Empty));
        return metadata.AddTypeReference(scope, space, metadata.GetOrAddString(type.Name));
    }

    private EntityHandle Of(string assembly)
    {
        if (!_assemblies.TryGetValue(assembly, out var handle))
        {
            handle = metadata.AddAssemblyReference(metadata.GetOrAddString(assembly), new Version(0, 0, 0, 0), default, default, default, default);
            _assemblies.Add(assembly, handle);
        }

        return handle;
    }
}
