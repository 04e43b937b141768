using System.Buffers;
using System.Text;

namespace SecureBackup.Engine.Sources;

/// <summary>Names and patterns as sequences of characters in which a byte that is not UTF-8 is a character of its own.</summary>
internal static class PatternText
{
    /// <summary>Lies above all Unicode; the byte is added to it.</summary>
    private const int InvalidByteBase = 0x200000;

    public static int[] Decode(ReadOnlySpan<byte> bytes, bool ignoresCase)
    {
        var characters = new int[bytes.Length];
        var count = 0;
        while (!bytes.IsEmpty)
        {
            if (bytes[0] < 0x80)
            {
                characters[count++] = ignoresCase ? Fold(bytes[0]) : bytes[0];
                bytes = bytes[1..];
            }
            else if (Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) == OperationStatus.Done)
            {
                characters[count++] = ignoresCase ? Fold(rune.Value) : rune.Value;
                bytes = bytes[consumed..];
            }
            else
            {
                characters[count++] = InvalidByteBase + bytes[0];
                bytes = bytes[1..];
            }
        }

        return count == characters.Length ? characters : characters[..count];
    }

    public static int Fold(int character) => Rune.IsValid(character) ? Rune.ToUpperInvariant(new Rune(character)).Value : character;

    public static int Unfold(int character) => Rune.IsValid(character) ? Rune.ToLowerInvariant(new Rune(character)).Value : character;
}
