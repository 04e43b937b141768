using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;

namespace SecureBackup.PowerShell.Binding;

/// <summary>Characters of a passphrase in memory that does not move; disposing wipes them.</summary>
internal sealed class SecretText : IDisposable
{
    private readonly char[] _characters;

    private SecretText(int length)
    {
        _characters = GC.AllocateArray<char>(length, pinned: true);
    }

    public ReadOnlyMemory<char> Characters => _characters;

    public static SecretText From(SecureString secret)
    {
        var text = new SecretText(secret.Length);
        var copy = Marshal.SecureStringToGlobalAllocUnicode(secret);
        try
        {
            Marshal.Copy(copy, text._characters, 0, text._characters.Length);
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(copy);
        }

        return text;
    }

    /// <summary>From a string that cannot be wiped, such as an environment variable.</summary>
    public static SecretText From(string secret)
    {
        var text = new SecretText(secret.Length);
        secret.CopyTo(text._characters);
        return text;
    }

    public bool Matches(SecretText other) =>
        CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(_characters.AsSpan()), MemoryMarshal.AsBytes(other._characters.AsSpan()));

    public void Dispose() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_characters.AsSpan()));
}
