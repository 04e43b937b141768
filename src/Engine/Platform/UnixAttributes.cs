using System.Buffers;
using System.Text;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Platform;

/// <summary>One entry's extended attributes; negative lengths mean failure.</summary>
internal interface IAttributePlace
{
    nint List(Span<byte> names);

    /// <summary>Fails with the error of the range where the value does not fit.</summary>
    nint Get(ReadOnlySpan<byte> terminatedName, Span<byte> value);

    /// <summary>Whether the error says that there is no attribute, or no place for one.</summary>
    bool MeansNone(int error);
}

/// <summary>Reads all extended attributes of one entry that the account may see, sorted by name.</summary>
internal static class UnixAttributes
{
    /// <summary>Linux's limit for a value and for the list of names; what macOS holds beyond it is reported and not read.</summary>
    private const int MaxValueBytes = 64 * 1024;

    /// <param name="failure">What could not be read, or null.</param>
    public static IReadOnlyList<ExtendedAttribute> Read<T>(T place, out string? failure)
        where T : struct, IAttributePlace
    {
        failure = null;
        Span<byte> few = stackalloc byte[256];
        return place.List(few) == 0 ? [] : Collect(place, out failure);
    }

    private static List<ExtendedAttribute> Collect<T>(T place, out string? failure)
        where T : struct, IAttributePlace
    {
        failure = null;
        var attributes = new List<ExtendedAttribute>();
        var buffer = ArrayPool<byte>.Shared.Rent(2 * MaxValueBytes);
        var names = buffer.AsSpan(0, MaxValueBytes);
        var value = buffer.AsSpan(MaxValueBytes, MaxValueBytes);
        var length = place.List(names);
        if (length < 0 && UnixFiles.LastError is var refusal && !place.MeansNone(refusal))
        {
            failure = $"the list of attributes: {UnixFiles.Describe(refusal)}";
        }

        names = names[..Math.Max(0, (int)length)];
        while (!names.IsEmpty)
        {
            var end = names.IndexOf((byte)0);
            var terminated = names[..(end + 1)];
            var size = place.Get(terminated, value);
            if (size >= 0)
            {
                attributes.Add(new ExtendedAttribute(terminated[..end].ToArray(), value[..(int)size].ToArray()));
            }
            else if (UnixFiles.LastError is var error && !place.MeansNone(error))
            {
                failure = $"{Encoding.UTF8.GetString(terminated[..end])}: {UnixFiles.Describe(error)}";
            }

            names = names[(end + 1)..];
        }

        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        attributes.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        return attributes;
    }
}
