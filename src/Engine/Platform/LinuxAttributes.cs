using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Platform;

/// <summary>Reads all extended attributes of one entry, of every namespace that the account may see, sorted by name.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxAttributes
{
    private const int MaxValueBytes = 64 * 1024;

    private readonly byte[] _names = new byte[MaxValueBytes];
    private readonly byte[] _value = new byte[MaxValueBytes];

    /// <summary>By path, the last component not followed.</summary>
    /// <param name="failure">What could not be read, or null.</param>
    public IReadOnlyList<ExtendedAttribute> Read(ReadOnlySpan<byte> terminatedPath, out string? failure)
    {
        var length = LinuxCalls.ListAttributes(terminatedPath, _names, (nuint)_names.Length);
        return length == 0 ? Nothing(out failure) : Collect(null, terminatedPath, length, out failure);
    }

    public IReadOnlyList<ExtendedAttribute> Read(SafeFileHandle handle, out string? failure)
    {
        var length = LinuxCalls.ListAttributes(handle, _names, (nuint)_names.Length);
        return length == 0 ? Nothing(out failure) : Collect(handle, default, length, out failure);
    }

    private static ExtendedAttribute[] Nothing(out string? failure)
    {
        failure = null;
        return [];
    }

    private List<ExtendedAttribute> Collect(SafeFileHandle? handle, ReadOnlySpan<byte> path, nint length, out string? failure)
    {
        failure = null;
        if (length < 0)
        {
            var error = LinuxCalls.LastError;
            failure = error is LinuxErrno.NotSupported or LinuxErrno.NoEntry or LinuxErrno.NoSystemCall
                ? null
                : $"the list of attributes: {LinuxCalls.Describe(error)}";
            return [];
        }

        var attributes = new List<ExtendedAttribute>();
        var names = _names.AsSpan(0, (int)length);
        while (!names.IsEmpty)
        {
            var end = names.IndexOf((byte)0);
            var terminated = names[..(end + 1)];
            var size = handle is null
                ? LinuxCalls.GetAttribute(path, terminated, _value, (nuint)_value.Length)
                : LinuxCalls.GetAttribute(handle, terminated, _value, (nuint)_value.Length);
            if (size >= 0)
            {
                attributes.Add(new ExtendedAttribute(terminated[..end].ToArray(), _value.AsSpan(0, (int)size).ToArray()));
            }
            else if (LinuxCalls.LastError is var error && error is not (LinuxErrno.NoData or LinuxErrno.NoEntry))
            {
                failure = $"{Encoding.UTF8.GetString(terminated[..end])}: {LinuxCalls.Describe(error)}";
            }

            names = names[(end + 1)..];
        }

        attributes.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        return attributes;
    }
}
