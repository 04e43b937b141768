using System.Buffers;
using System.Globalization;
using System.Text;

namespace SecureBackup.Engine.Entries;

/// <summary>Name bytes and what people see of them. The display form is unambiguous: <see cref="FromDisplay"/> gives the bytes back.</summary>
public static class EntryName
{
    public static string ToDisplay(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length);
        while (!name.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(name, out var rune, out var consumed);
            if (status != OperationStatus.Done || Rune.IsControl(rune) || ReordersText(rune))
            {
                for (var i = 0; i < consumed; i++)
                {
                    text.Append(CultureInfo.InvariantCulture, $"\\x{name[i]:x2}");
                }
            }
            else if (rune.Value == '\\')
            {
                text.Append(@"\\");
            }
            else
            {
                text.Append(rune.ToString());
            }

            name = name[consumed..];
        }

        return text.ToString();
    }

    /// <summary>Marks that turn the direction of what follows, and break lines: a name could show itself, and the rest of a report, as something else.</summary>
    private static bool ReordersText(Rune rune) =>
        rune.Value is 0x061C or 0x200E or 0x200F or (>= 0x2028 and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    public static byte[] FromDisplay(string display)
    {
        var bytes = new ArrayBufferWriter<byte>(display.Length);
        for (var i = 0; i < display.Length;)
        {
            if (display[i] == '\\' && i + 1 < display.Length && display[i + 1] == '\\')
            {
                bytes.Write("\\"u8);
                i += 2;
            }
            else if (display[i] == '\\' && i + 3 < display.Length && display[i + 1] == 'x'
                && byte.TryParse(display.AsSpan(i + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var escaped))
            {
                bytes.Write([escaped]);
                i += 4;
            }
            else
            {
                var length = char.IsSurrogatePair(display, i) ? 2 : 1;
                Encoding.UTF8.GetBytes(display.AsSpan(i, length), bytes);
                i += length;
            }
        }

        return bytes.WrittenSpan.ToArray();
    }
}
