using System.Buffers;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>Whose rules for names hold at the destination.</summary>
internal enum NameHost
{
    Linux,
    MacOS,
    Windows,
}

/// <summary>
/// Which stored names may become names here. What no honest writer stores is hostile; what its own system allows and this one
/// does not is not representable. Nothing is escaped or shortened: a name that comes back changed is a wrong restore.
/// </summary>
internal static class NameRules
{
    private static readonly SearchValues<char> WindowsForbidden = SearchValues.Create("\\/:*?\"<>|");

    /// <summary>Null where the path may be used as it is.</summary>
    public static DestinationFault? Refuse(EntryPath path, NameOrigin origin, NameHost host)
    {
        if (path.Depth == 0)
        {
            return new DestinationFault(FaultCodes.HostileEntryName, string.Empty, "An entry without a name.");
        }

        foreach (var component in path.Components)
        {
            var (code, reason) = RefuseComponent(component, origin, host);
            if (code is not null)
            {
                return new DestinationFault(code, path.ToString(), $"'{path}': the part '{EntryName.ToDisplay(component)}' {reason}.");
            }
        }

        return null;
    }

    private static (FaultCode? Code, string Reason) RefuseComponent(byte[] name, NameOrigin origin, NameHost host)
    {
        if (name.Length == 0 || name.AsSpan().SequenceEqual("."u8) || name.AsSpan().SequenceEqual(".."u8))
        {
            return (FaultCodes.HostileEntryName, "is no name");
        }

        if (name.AsSpan().ContainsAny((byte)'/', (byte)0))
        {
            return (FaultCodes.HostileEntryName, "holds a separator");
        }

        if (name.Length > EntryPath.MaxComponentBytes)
        {
            return (FaultCodes.HostileEntryName, "is longer than any name");
        }

        return host switch
        {
            NameHost.Windows => RefuseOnWindows(name, origin),
            NameHost.MacOS when !IsUtf8(name) => (FaultCodes.NameNotRepresentable, "is not UTF-8"),
            _ => (null, string.Empty),
        };
    }

    private static (FaultCode? Code, string Reason) RefuseOnWindows(byte[] name, NameOrigin origin)
    {
        if (!Wtf8.TryDecode(name, out var text) || (origin == NameOrigin.UnixBytes && !IsUtf8(name)))
        {
            return (FaultCodes.NameNotRepresentable, "is not UTF-8");
        }

        // From Unix such a name is honest; from Windows it was never a file's name.
        var code = origin == NameOrigin.Wtf8 ? FaultCodes.HostileEntryName : FaultCodes.NameNotRepresentable;
        if (text.AsSpan().ContainsAny(WindowsForbidden) || text.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            return (code, "holds a character that means something else on Windows");
        }

        if (text[^1] is '.' or ' ')
        {
            return (code, "ends with a dot or a space, which Windows drops");
        }

        return IsDeviceName(text) ? (code, "is a device on Windows") : (null, string.Empty);
    }

    /// <summary>Windows takes the part before the first dot, without trailing spaces, for the device; superscript digits count.</summary>
    private static bool IsDeviceName(string text)
    {
        var stem = text.AsSpan();
        var dot = stem.IndexOf('.');
        stem = (dot < 0 ? stem : stem[..dot]).TrimEnd(' ');
        if (Is(stem, "CON") || Is(stem, "PRN") || Is(stem, "AUX") || Is(stem, "NUL") || Is(stem, "CONIN$") || Is(stem, "CONOUT$") || Is(stem, "CLOCK$"))
        {
            return true;
        }

        return stem.Length == 4 && (Is(stem[..3], "COM") || Is(stem[..3], "LPT")) && "0123456789¹²³".Contains(stem[3], StringComparison.Ordinal);
    }

    private static bool Is(ReadOnlySpan<char> stem, string device) => stem.Equals(device, StringComparison.OrdinalIgnoreCase);

    private static bool IsUtf8(byte[] name) => System.Text.Unicode.Utf8.IsValid(name);
}
