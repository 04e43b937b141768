using Mono.Cecil;
using Mono.Cecil.Cil;

namespace SecureBackup.Tests.Unit.Profiles;

/// <summary>A profile as its reader sees it.</summary>
internal static class ProfileReading
{
    /// <returns>Each method's group, and the method.</returns>
    internal static List<(string Group, MethodReference Method)> Read(byte[] profile)
    {
        var module = ModuleDefinition.ReadModule(new MemoryStream(profile));
        var methods = module.GetType("<Module>").Methods;
        var groups = Tokens(methods.Single(static method => method.Name is "AssemblyDictionary")).Select(static token => ((MethodDefinition)token.Operand, (string)token.Previous.Operand)).ToList();
        Assert.Equal(methods.Count - 1, groups.Count);
        return [.. groups.SelectMany(static group => Tokens(group.Item1).Select(token => (group.Item2, (MethodReference)token.Operand)))];
    }

    private static List<Instruction> Tokens(MethodDefinition method)
    {
        var tokens = method.Body.Instructions.Where(static instruction => instruction.OpCode == OpCodes.Ldtoken).ToList();
        Assert.All(tokens, static token => Assert.Equal(OpCodes.Pop, token.Next.OpCode));
        return tokens;
    }
}
