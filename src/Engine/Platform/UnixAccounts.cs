using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// Names of users and groups and their numbers, each asked once: a directory service may stand behind the call. Valid on Linux and
/// macOS, where <c>struct passwd</c> and <c>struct group</c> both begin with the name, another pointer and the number. What is not known gives null.
/// </summary>
internal sealed partial class UnixAccounts
{
    private const int RangeError = 34;
    private const int MaxRecordBytes = 1 << 20;

    private readonly ConcurrentDictionary<uint, string?> _users = new();
    private readonly ConcurrentDictionary<uint, string?> _groups = new();
    private readonly ConcurrentDictionary<string, uint?> _userIds = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, uint?> _groupIds = new(StringComparer.Ordinal);

    private delegate int Lookup<TKey>(TKey key, Span<byte> record, Span<byte> text, nuint textSize, out nint result);

    public string? UserName(uint id) => _users.GetOrAdd(id, static id => Ask<uint>(id, FindUser)?.Name);

    public string? GroupName(uint id) => _groups.GetOrAdd(id, static id => Ask<uint>(id, FindGroup)?.Name);

    public uint? UserId(string? name) => IsName(name) ? _userIds.GetOrAdd(name, static name => Ask<string>(name, FindUser)?.Id) : null;

    public uint? GroupId(string? name) => IsName(name) ? _groupIds.GetOrAdd(name, static name => Ask<string>(name, FindGroup)?.Id) : null;

    private static bool IsName([NotNullWhen(true)] string? name) => !string.IsNullOrEmpty(name) && !name.Contains('\0', StringComparison.Ordinal);

    private static unsafe (string Name, uint Id)? Ask<TKey>(TKey key, Lookup<TKey> lookup)
    {
        Span<byte> record = stackalloc byte[256];
        for (var size = 4096; size <= MaxRecordBytes; size *= 4)
        {
            var text = GC.AllocateUninitializedArray<byte>(size, pinned: true);
            var error = lookup(key, record, text, (nuint)size, out var result);
            if (error != RangeError)
            {
                return error != 0 || result == 0 ? null : Read((Row*)result);
            }
        }

        return null;
    }

    private static unsafe (string Name, uint Id) Read(Row* row) => (Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(row->Name)), row->Id);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    private static partial int FindUser(uint id, Span<byte> record, Span<byte> text, nuint textSize, out nint result);

    [LibraryImport("libc", EntryPoint = "getgrgid_r")]
    private static partial int FindGroup(uint id, Span<byte> record, Span<byte> text, nuint textSize, out nint result);

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FindUser(string name, Span<byte> record, Span<byte> text, nuint textSize, out nint result);

    [LibraryImport("libc", EntryPoint = "getgrnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FindGroup(string name, Span<byte> record, Span<byte> text, nuint textSize, out nint result);

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Row
    {
        public byte* Name;
        public byte* Password;
        public uint Id;
    }
}
