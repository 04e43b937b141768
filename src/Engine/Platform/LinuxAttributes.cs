using System.Buffers;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Platform;

/// <summary>Reads all extended attributes of one entry, of every namespace that the account may see, sorted by name.</summary>
[SupportedOSPlatform("linux")]
internal static class LinuxAttributes
{
    /// <summary>The kernel's limit for a value and for the list of names.</summary>
    private const int MaxValueBytes = 64 * 1024;

    /// <summary>By path, the last component not followed.</summary>
    /// <param name="failure">What could not be read, or null.</param>
    public static IReadOnlyList<ExtendedAttribute> Read(ReadOnlySpan<byte> terminatedPath, out string? failure)
    {
        Span<byte> few = stackalloc byte[256];
        var length = LinuxCalls.ListAttributes(terminatedPath, few, (nuint)few.Length);
        return length == 0 ? Nothing(out failure) : Collect(null, terminatedPath, out failure);
    }

    public static IReadOnlyList<ExtendedAttribute> Read(SafeFileHandle handle, out string? failure)
    {
        Span<byte> few = stackalloc byte[256];
        var length = LinuxCalls.ListAttributes(handle, few, (nuint)few.Length);
        return length == 0 ? Nothing(out failure) : Collect(handle, default, out failure);
    }

    private static ExtendedAttribute[] Nothing(out string? failure)
    {
        failure = null;
        return [];
    }

    private static List<ExtendedAttribute> Collect(SafeFileHandle? handle, ReadOnlySpan<byte> path, out string? failure)
    {
        failure = null;
        var attributes = new List<ExtendedAttribute>();
        var buffer = ArrayPool<byte>.Shared.Rent(2 * MaxValueBytes);
        var names = buffer.AsSpan(0, MaxValueBytes);
        var value = buffer.AsSpan(MaxValueBytes, MaxValueBytes);
        var length = handle is null
            ? LinuxCalls.ListAttributes(path, names, MaxValueBytes)
            : LinuxCalls.ListAttributes(handle, names, MaxValueBytes);
        if (length < 0 && LinuxCalls.LastError is var refusal && refusal is not (LinuxErrno.NotSupported or LinuxErrno.NoEntry or LinuxErrno.NoSystemCall))
        {
            failure = $"the list of attributes: {LinuxCalls.Describe(refusal)}";
        }

        names = names[..Math.Max(0, (int)length)];
        while (!names.IsEmpty)
        {
            var end = names.IndexOf((byte)0);
            var terminated = names[..(end + 1)];
            var size = handle is null
                ? LinuxCalls.GetAttribute(path, terminated, value, MaxValueBytes)
                : LinuxCalls.GetAttribute(handle, terminated, value, MaxValueBytes);
            if (size >= 0)
            {
                attributes.Add(new ExtendedAttribute(terminated[..end].ToArray(), value[..(int)size].ToArray()));
            }
            else if (LinuxCalls.LastError is var error && error is not (LinuxErrno.NoData or LinuxErrno.NoEntry))
            {
                failure = $"{Encoding.UTF8.GetString(terminated[..end])}: {LinuxCalls.Describe(error)}";
            }

            names = names[(end + 1)..];
        }

        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        attributes.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        return attributes;
    }
}
