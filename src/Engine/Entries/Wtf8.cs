using System.Buffers;
using System.Text;

namespace SecureBackup.Engine.Entries;

/// <summary>UTF-16 as bytes and back without loss: UTF-8, in which a lone surrogate has three bytes of its own.</summary>
internal static class Wtf8
{
    public static byte[] Encode(ReadOnlySpan<char> text)
    {
        var bytes = new ArrayBufferWriter<byte>(text.Length + 1);
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) == OperationStatus.Done)
            {
                bytes.Advance(rune.EncodeToUtf8(bytes.GetSpan(4)));
            }
            else
            {
                bytes.Write([(byte)(0xE0 | (text[0] >> 12)), (byte)(0x80 | ((text[0] >> 6) & 0x3F)), (byte)(0x80 | (text[0] & 0x3F))]);
            }

            text = text[consumed..];
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>For names that came from <see cref="Encode"/>.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes) =>
        TryDecode(bytes, out var text) ? text : throw new ArgumentException("The bytes are no WTF-8.", nameof(bytes));

    /// <summary>False for bytes that are no WTF-8: such a name has no form on Windows.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out string text)
    {
        var result = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (bytes.Length >= 3 && bytes[0] == 0xED && bytes[1] is >= 0xA0 and <= 0xBF && bytes[2] is >= 0x80 and <= 0xBF)
            {
                result.Append((char)(0xD000 | ((bytes[1] & 0x3F) << 6) | (bytes[2] & 0x3F)));
                bytes = bytes[3..];
            }
            else if (Rune.DecodeFromUtf8(bytes, out var rune, out var consumed) == OperationStatus.Done)
            {
                result.Append(rune.ToString());
                bytes = bytes[consumed..];
            }
            else
            {
                text = string.Empty;
                return false;
            }
        }

        text = result.ToString();
        return true;
    }
}
