using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using SecureBackup.Profile;

namespace SecureBackup.Tests.Unit.Profiles;

public sealed class ProfileImageTests
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Types of the framework with every shape of signature: modifiers, pointers, references, arrays, types within types, themselves.</summary>
    private static readonly Type[] Shapes =
    [
        typeof(List<Guid>), typeof(Dictionary<int, string>), typeof(Dictionary<Guid, long>.Enumerator), typeof(ReadOnlySpan<Half>), typeof(Span<(int, Guid)>), typeof(ImmutableArray<Guid>.Builder),
        typeof(Nullable<DateTimeOffset>), typeof(Func<List<int[]>, Memory<byte>>), typeof(AsyncTaskMethodBuilder<Guid>), typeof(ConditionalWeakTable<string, object>), typeof(ArraySegment<nint>),
    ];

    private static readonly Type Shared = typeof(object).Assembly.GetType("System.__Canon", throwOnError: true)!;

    [Fact]
    public void Every_method_is_found_again_by_its_name_and_its_signature()
    {
        Type[] shared = [typeof(List<>).MakeGenericType(Shared), typeof(Dictionary<,>).MakeGenericType(typeof(UInt128), Shared)];
        List<MethodBase> methods = [.. shared.Concat(Shapes).SelectMany(MethodsOf), .. MethodsOf(typeof(Unsafe)), .. MethodsOf(typeof(Interlocked)), .. MethodsOf(typeof(Enumerable))];

        var read = ProfileReading.Read(ProfileImage.Of(methods));

        Assert.InRange(methods.Count, 700, int.MaxValue);
        Assert.Equal(methods.Where(MethodNames.CanName).Select(Describe).Order(StringComparer.Ordinal), read.Select(static entry => Describe(entry.Method)).Order(StringComparer.Ordinal));
        Assert.InRange(read.Count, methods.Count - 10, methods.Count);
    }

    [Fact]
    public void A_group_names_the_engine_and_then_every_assembly_that_its_methods_need()
    {
        var method = typeof(Enumerable).GetMethod(nameof(Enumerable.Empty))!.MakeGenericMethod(typeof(ImmutableArray<Mono.Cecil.Cil.OpCode>));

        Assert.Equal("SecureBackup.Engine;Mono.Cecil;System.Collections.Immutable;System.Linq", Assert.Single(ProfileReading.Read(ProfileImage.Of([method]))).Group);
    }

    [Fact]
    public void The_same_methods_give_the_same_bytes_whatever_their_order()
    {
        List<MethodBase> methods = [.. Shapes.SelectMany(MethodsOf)];

        Assert.Equal(ProfileImage.Of(methods), ProfileImage.Of(methods.AsEnumerable().Reverse()));
    }

    /// <summary>Generic ones take a value and a reference type, as far as they may.</summary>
    private static IEnumerable<MethodBase> MethodsOf(Type type)
    {
        foreach (var method in type.GetMembers(Any).OfType<MethodBase>())
        {
            if (!method.IsGenericMethodDefinition)
            {
                if (type.IsConstructedGenericType)
                {
                    yield return method;
                }
            }
            else if (TryMake((MethodInfo)method) is { } made)
            {
                yield return made;
            }
        }
    }

    private static MethodInfo? TryMake(MethodInfo method)
    {
        try
        {
            return method.MakeGenericMethod([.. method.GetGenericArguments().Select(static (_, index) => index == 0 ? typeof(KeyValuePair<Guid, int>) : typeof(string))]);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>By its place in its assembly, which only the right name and signature lead to, and by what it is made of.</summary>
    private static string Describe(MethodBase method) =>
        $"{method.Module.Name} {method.MetadataToken:x} <{Names(method.DeclaringType!.GetGenericArguments())}> <{Names(method.IsGenericMethod ? method.GetGenericArguments() : [])}>";

    private static string Names(IEnumerable<Type> types) => string.Join(", ", types.Select(NameOf));

    private static string NameOf(Type type) =>
        type.IsArray ? NameOf(type.GetElementType()!) + "[]"
        : type.IsConstructedGenericType ? $"{NameOf(type.GetGenericTypeDefinition())}<{Names(type.GetGenericArguments())}>"
        : $"{(type == Shared ? "System.Private.Canon" : type.Assembly.GetName().Name)} {type.FullName!.Replace('+', '/')}";

    private static string Describe(Mono.Cecil.MethodReference method)
    {
        var definition = method.Resolve();
        Assert.True(definition is not null, $"{method.FullName} is not found.");
        var types = (method.DeclaringType as Mono.Cecil.GenericInstanceType)?.GenericArguments ?? [];
        return $"{definition.Module.Name} {definition.MetadataToken.ToInt32():x} <{Names(types)}> <{Names((method as Mono.Cecil.GenericInstanceMethod)?.GenericArguments ?? [])}>";
    }

    private static string Names(IEnumerable<Mono.Cecil.TypeReference> types) => string.Join(", ", types.Select(NameOf));

    private static string NameOf(Mono.Cecil.TypeReference type) => type switch
    {
        Mono.Cecil.ArrayType array => NameOf(array.ElementType) + "[]",
        Mono.Cecil.GenericInstanceType instance => $"{NameOf(instance.ElementType)}<{Names(instance.GenericArguments)}>",
        { IsPrimitive: true } or { FullName: "System.String" or "System.Object" } => $"System.Private.CoreLib {type.FullName}",
        _ => $"{type.Scope.Name} {type.FullName}",
    };
}
