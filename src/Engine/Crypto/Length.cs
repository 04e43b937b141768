using System.Runtime.CompilerServices;

namespace SecureBackup.Engine.Crypto;

/// <summary>Holds callers to the exact sizes that the native functions take on trust.</summary>
internal static class Length
{
    internal static void MustBe(int bytes, ReadOnlySpan<byte> span, [CallerArgumentExpression(nameof(span))] string? name = null)
    {
        if (span.Length != bytes)
        {
            throw new ArgumentException($"{bytes} bytes are wanted, {span.Length} were given.", name);
        }
    }
}
