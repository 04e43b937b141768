using System.Collections.Concurrent;
using System.Runtime.Versioning;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Linux;

/// <summary>Numbers of this system's users and groups by name, each asked once.</summary>
[SupportedOSPlatform("linux")]
internal sealed class AccountNames
{
    private const int RowBytes = 65536;

    private readonly ConcurrentDictionary<string, uint?> _users = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, uint?> _groups = new(StringComparer.Ordinal);

    public uint? FindUser(string? name) => string.IsNullOrEmpty(name) ? null : _users.GetOrAdd(name, Ask, true);

    public uint? FindGroup(string? name) => string.IsNullOrEmpty(name) ? null : _groups.GetOrAdd(name, Ask, false);

    private static unsafe uint? Ask(string name, bool isUser)
    {
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        var row = default(LinuxWrite.AccountRow);
        fixed (byte* buffer = new byte[RowBytes])
        {
            var error = isUser
                ? LinuxWrite.FindUser(name, &row, buffer, RowBytes, out var found)
                : LinuxWrite.FindGroup(name, &row, buffer, RowBytes, out found);
            return error == 0 && found != 0 ? row.Id : null;
        }
    }
}
