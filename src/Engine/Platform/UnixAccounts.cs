using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// Names of users and groups, each asked once: a directory service may stand behind the call. Valid on Linux and macOS, where the
/// name is the first field of <c>struct passwd</c> and <c>struct group</c>. An id without a name gives null.
/// </summary>
internal sealed partial class UnixAccounts
{
    private const int RangeError = 34;
    private const int MaxRecordBytes = 1 << 20;

    private readonly ConcurrentDictionary<uint, string?> _users = new();
    private readonly ConcurrentDictionary<uint, string?> _groups = new();

    private delegate int Lookup(uint id, Span<byte> record, Span<byte> text, nuint textSize, out nint result);

    public string? UserName(uint id) => _users.GetOrAdd(id, static id => NameOf(id, GetUser));

    public string? GroupName(uint id) => _groups.GetOrAdd(id, static id => NameOf(id, GetGroup));

    private static unsafe string? NameOf(uint id, Lookup lookup)
    {
        Span<byte> record = stackalloc byte[256];
        for (var size = 4096; size <= MaxRecordBytes; size *= 4)
        {
            var text = GC.AllocateUninitializedArray<byte>(size, pinned: true);
            var error = lookup(id, record, text, (nuint)size, out var result);
            if (error == 0)
            {
                return result == 0 ? null : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*(byte**)result));
            }

            if (error != RangeError)
            {
                return null;
            }
        }

        return null;
    }

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int GetUser(uint id, Span<byte> record, Span<byte> text, nuint textSize, out nint result);

    [LibraryImport("libc", EntryPoint = "getgrgid_r")]
    private static partial int GetGroup(uint id, Span<byte> record, Span<byte> text, nuint textSize, out nint result);
}
