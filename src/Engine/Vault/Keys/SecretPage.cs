using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SecureBackup.Engine.Vault;

/// <summary>Text that grows in memory which does not move, and leaves no copies behind.</summary>
internal sealed class SecretPage(int capacity)
{
    private readonly char[] _text = GC.AllocateArray<char>(capacity, pinned: true);
    private int _length;

    internal ReadOnlySpan<char> Characters => _text.AsSpan(0, _length);

    /// <summary>What finds no room is left out: words are far shorter, and a page that is longer is none.</summary>
    internal void Append(ReadOnlySpan<char> text)
    {
        text = text[..Math.Min(text.Length, _text.Length - _length)];
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
    }

    /// <summary>UTF-8 with line feeds alone; wipes the text. The bytes are the caller's to wipe.</summary>
    internal byte[] ToBytes()
    {
        var kept = Characters;
        var bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(kept), pinned: true);
        Encoding.UTF8.GetBytes(kept, bytes);
        Wipe();
        return bytes;
    }

    internal void Wipe()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_text.AsSpan()));
        _length = 0;
    }
}
