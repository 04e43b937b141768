using System.Buffers;
using System.Globalization;
using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Drives;

/// <summary>
/// A path in a backup drive: data set, snapshot, entry. Names hold what PowerShell's paths cannot (slashes of both kinds, colons, bytes that are no text), so that is written
/// as <c>%NN</c>, and a per cent sign as <c>%25</c>; every name has one form, and from it comes back the very name.
/// </summary>
internal sealed record DrivePath(string? DataSet, string? Snapshot, EntryPath Entry)
{
    private static readonly char[] Separators = ['/', '\\'];

    public bool IsRoot => DataSet is null;

    /// <param name="below">What follows the drive's root.</param>
    public static DrivePath Parse(string below)
    {
        var names = below.Split(Separators, StringSplitOptions.RemoveEmptyEntries);
        return new DrivePath(
            names.Length > 0 ? Encoding.UTF8.GetString(BytesOf(names[0])) : null,
            names.Length > 1 ? names[1] : null,
            new EntryPath([.. names.Skip(2).Select(BytesOf)]));
    }

    /// <summary>Sorts by time, and names the snapshot in any vault that people keep.</summary>
    public static string NameOf(Snapshot snapshot) => string.Create(
        CultureInfo.InvariantCulture, $"{snapshot.StartedAt.ToDateTimeOffset().UtcDateTime:yyyy-MM-dd'T'HHmmss'Z'}-{snapshot.Id.ToString()[..12]}");

    public static string NameOf(string text) => NameOf(Encoding.UTF8.GetBytes(text));

    public static string NameOf(ReadOnlySpan<byte> name)
    {
        // Two that would lead elsewhere in every path, and one that would be none: only somebody hostile lists them.
        if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8) || name.IsEmpty)
        {
            return name.IsEmpty ? "%" : string.Concat(Enumerable.Repeat("%2E", name.Length));
        }

        var text = new StringBuilder(name.Length);
        while (!name.IsEmpty)
        {
            var isText = Rune.DecodeFromUtf8(name, out var rune, out var consumed) == OperationStatus.Done;
            if (!isText || rune.Value is '%' or '/' or '\\' or ':' || EntryName.ToDisplay(name[..consumed]).StartsWith(@"\x", StringComparison.Ordinal))
            {
                foreach (var value in name[..consumed])
                {
                    text.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
                }
            }
            else
            {
                text.Append(rune.ToString());
            }

            name = name[consumed..];
        }

        return text.ToString();
    }

    internal static byte[] BytesOf(string name)
    {
        if (string.Equals(name, "%", StringComparison.Ordinal))
        {
            return [];
        }

        var bytes = new ArrayBufferWriter<byte>(name.Length);
        for (var i = 0; i < name.Length;)
        {
            if (name[i] == '%' && i + 2 < name.Length && byte.TryParse(name.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Write([value]);
                i += 3;
            }
            else
            {
                var length = char.IsSurrogatePair(name, i) ? 2 : 1;
                Encoding.UTF8.GetBytes(name.AsSpan(i, length), bytes);
                i += length;
            }
        }

        return bytes.WrittenSpan.ToArray();
    }
}
