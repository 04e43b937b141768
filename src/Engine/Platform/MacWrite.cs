using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace SecureBackup.Engine.Platform;

/// <summary>The macOS calls for writing that .NET does not offer; none takes a variable number of arguments.</summary>
[SupportedOSPlatform("macos")]
internal static partial class MacWrite
{
    private const int CurrentFolder = -2;

    /// <summary>Makes a further name of the very thing; a link is not followed.</summary>
    public static int Link(string target, string name) => LinkAt(CurrentFolder, target, CurrentFolder, name, 0);

    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void Sync();

    /// <summary>A link itself changes its owner, not what it leads to.</summary>
    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkAt(int fromFolder, string from, int toFolder, string to, int flags);
}
