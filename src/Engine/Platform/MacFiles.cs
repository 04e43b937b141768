using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// macOS has no call for the attributes of a name within an open folder, so files, folders and links are opened for them; pipes,
/// sockets and devices are left without. Reading may change access times: nothing here can leave them alone.
/// </summary>
[SupportedOSPlatform("macos")]
internal sealed class MacFiles : UnixFiles
{
    private const int NoEntry = 2;
    private const int NoDevice = 6;
    private const int NotDirectory = 20;
    private const int Range = 34;
    private const int NotSupported = 45;
    private const int TooManyLinks = 62;
    private const int Stale = 70;
    private const int NoAttribute = 93;
    private const int NotSupportedBySocket = 102;
    private const int FolderFlags = MacCalls.EntersFolders | MacCalls.CloseOnExec;
    private const int ContentFlags = MacCalls.NonBlocking | MacCalls.NoFollow | MacCalls.CloseOnExec;
    private const int LinkFlags = MacCalls.OpensLinks | MacCalls.CloseOnExec;
    private const int MaxLinkBytes = 1024;

    public override bool IgnoresCase => true;

    public override bool IsGone(int error) => error is NoEntry or NotDirectory or TooManyLinks or Stale;

    public override bool IsNoFile(int error) => error is TooManyLinks or NoDevice or NotSupportedBySocket;

    public override byte[]? RealPath(string path) => MacCalls.RealPath(path);

    public override SafeFileHandle? OpenPlace(ReadOnlySpan<byte> path) => Own(MacCalls.Open(path, FolderFlags));

    public override SafeFileHandle? OpenFolder(SafeFileHandle parent, ReadOnlySpan<byte> name) =>
        Own(MacCalls.OpenAt(parent, name, FolderFlags | MacCalls.NoFollow));

    public override SafeFileHandle? OpenContent(SafeFileHandle folder, ReadOnlySpan<byte> name) => Own(MacCalls.OpenAt(folder, name, ContentFlags));

    public override bool Stat(SafeFileHandle folder, ReadOnlySpan<byte> name, out UnixStat stat)
    {
        var isRead = MacCalls.Stat(folder, name, out var found);
        stat = found.ToUnixStat();
        return isRead;
    }

    public override bool Stat(SafeFileHandle handle, out UnixStat stat)
    {
        var isRead = MacCalls.Stat(handle, out var found);
        stat = found.ToUnixStat();
        return isRead;
    }

    public override byte[]? ReadLink(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        var target = new byte[MaxLinkBytes];
        var length = MacCalls.ReadLink(folder, MacCalls.Terminated(name), target, MaxLinkBytes);
        return length < 0 ? null : target[..(int)length];
    }

    public override bool List(SafeFileHandle folder, NameList names)
    {
        // A descriptor of its own, so that the reading begins at the first name.
        var own = Own(MacCalls.OpenAt(folder, "."u8, FolderFlags));
        var stream = own is null ? 0 : KeepingError(own, static own =>
        {
            var opened = MacCalls.OpenStream((int)own.DangerousGetHandle());
            if (opened != 0)
            {
                own.SetHandleAsInvalid();
            }

            return opened;
        });
        return stream != 0 && List(stream, names);
    }

    public override IReadOnlyList<ExtendedAttribute> ReadAttributes(SafeFileHandle folder, byte[] name, EntryKind kind, out string? failure)
    {
        failure = null;
        if (kind is not (EntryKind.File or EntryKind.Directory or EntryKind.SymbolicLink))
        {
            return [];
        }

        using var handle = kind == EntryKind.SymbolicLink ? Own(MacCalls.OpenAt(folder, name, LinkFlags)) : OpenContent(folder, name);
        if (handle is null)
        {
            failure = $"the list of attributes: {Describe(LastError)}";
            return [];
        }

        return ReadAttributes(handle, out failure);
    }

    public override IReadOnlyList<ExtendedAttribute> ReadAttributes(SafeFileHandle handle, out string? failure) =>
        UnixAttributes.Read(new HandlePlace(handle), out failure);

    public override StampTrust TrustOf(SafeFileHandle folder, byte[]? name)
    {
        using var own = name is null ? null : OpenFolder(folder, name);
        var fileSystem = MacCalls.FileSystemName(own ?? folder);
        return fileSystem.SequenceEqual("apfs"u8) || fileSystem.SequenceEqual("hfs"u8) ? StampTrust.OwnClock
            : fileSystem.SequenceEqual("nfs"u8) ? StampTrust.ForeignClock
            : StampTrust.None;
    }

    /// <summary>Never asked: APFS has been seen to report holes where reading gives data, and what is taken for a hole is not read.</summary>
    public override long FindHole(SafeFileHandle handle, long offset) => -1;

    public override long FindData(SafeFileHandle handle, long offset) => offset;

    public override void AdviseSequential(SafeFileHandle handle)
    {
        // macOS reads ahead by itself.
    }

    private static bool List(nint stream, NameList names)
    {
        for (var name = MacCalls.NextName(stream); !name.IsEmpty && !names.IsFull; name = MacCalls.NextName(stream))
        {
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(name);
            }
        }

        var isWhole = names.IsFull || LastError == 0;
        _ = MacCalls.CloseStream(stream);
        return isWhole;
    }

    private readonly struct HandlePlace(SafeFileHandle handle) : IAttributePlace
    {
        public nint List(Span<byte> names) => MacCalls.ListAttributes(handle, names, (nuint)names.Length, 0);

        public nint Get(ReadOnlySpan<byte> terminatedName, Span<byte> value)
        {
            // A resource fork that does not fit would be cut, without an error.
            var size = MacCalls.GetAttribute(handle, terminatedName, default, 0, 0, 0);
            if (size <= value.Length)
            {
                return size <= 0 ? size : MacCalls.GetAttribute(handle, terminatedName, value, (nuint)value.Length, 0, 0);
            }

            Marshal.SetLastPInvokeError(Range);
            return -1;
        }

        public bool MeansNone(int error) => error is NotSupported or NoEntry or NoAttribute;
    }
}
