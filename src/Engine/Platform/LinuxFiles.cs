using System.Buffers;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Platform;

/// <summary>Needs <c>/proc</c> for the attributes of entries that are not opened, and for real paths.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxFiles : UnixFiles
{
    private const int RecordBufferBytes = 32 * 1024;
    private const int LookFlags = LinuxOpen.PathOnly | LinuxOpen.CloseOnExec;

    private static readonly int ContentFlags = LinuxOpen.ReadOnly | LinuxOpen.NonBlocking | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec;
    private static readonly int FolderFlags = LinuxOpen.ReadOnly | LinuxOpen.Directory | LinuxOpen.NoFollow | LinuxOpen.CloseOnExec;

    public override bool IgnoresCase => false;

    public override bool IsGone(int error) =>
        error is LinuxErrno.NoEntry or LinuxErrno.NotDirectory or LinuxErrno.TooManyLinks or LinuxErrno.Stale;

    public override bool IsNoFile(int error) => error is LinuxErrno.TooManyLinks or LinuxErrno.NoDevice;

    public override byte[]? RealPath(string path)
    {
        var handle = Own(LinuxCalls.Open(Encoding.UTF8.GetBytes(path), LookFlags));
        return handle is null ? null : KeepingError(handle, static handle => LinuxCalls.ReadLink(handle, ProcPath(handle)));
    }

    public override SafeFileHandle? OpenPlace(ReadOnlySpan<byte> path) => Own(LinuxCalls.Open(path, LookFlags | LinuxOpen.Directory));

    public override SafeFileHandle? OpenFolder(SafeFileHandle parent, ReadOnlySpan<byte> name) => Own(LinuxCalls.OpenAt(parent, name, FolderFlags));

    public override SafeFileHandle? OpenContent(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        var descriptor = LinuxCalls.OpenAt(folder, name, ContentFlags | LinuxOpen.NoAccessTime);
        if (descriptor < 0 && LastError == LinuxErrno.NotPermitted)
        {
            // Only the owner may leave the access time alone.
            descriptor = LinuxCalls.OpenAt(folder, name, ContentFlags);
        }

        return Own(descriptor);
    }

    public override bool Stat(SafeFileHandle folder, ReadOnlySpan<byte> name, out UnixStat stat)
    {
        var isRead = LinuxCalls.Stat(folder, name, out var found) == 0;
        stat = found.ToUnixStat();
        return isRead;
    }

    public override bool Stat(SafeFileHandle handle, out UnixStat stat)
    {
        var isRead = LinuxCalls.Stat(handle, out var found) == 0;
        stat = found.ToUnixStat();
        return isRead;
    }

    public override byte[]? ReadLink(SafeFileHandle folder, ReadOnlySpan<byte> name) => LinuxCalls.ReadLink(folder, name);

    public override bool List(SafeFileHandle folder, NameList names)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(RecordBufferBytes);
        LinuxCalls.Seek(folder, 0, whence: 0);
        var length = 0;
        while (!names.IsFull && (length = LinuxCalls.ReadFolder(folder, buffer)) > 0)
        {
            LinuxFolderRecords.AddNames(buffer.AsSpan(0, length), names);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return length >= 0;
    }

    public override IReadOnlyList<ExtendedAttribute> ReadAttributes(SafeFileHandle folder, byte[] name, EntryKind kind, out string? failure) =>
        UnixAttributes.Read(new NamedPlace([.. ProcPath(folder), (byte)'/', .. name, 0]), out failure);

    public override IReadOnlyList<ExtendedAttribute> ReadAttributes(SafeFileHandle handle, out string? failure) =>
        UnixAttributes.Read(new HandlePlace(handle), out failure);

    public override StampTrust TrustOf(SafeFileHandle folder, byte[]? name)
    {
        using var own = name is null ? null : Own(LinuxCalls.OpenAt(folder, name, LookFlags | LinuxOpen.NoFollow));
        return LinuxFileSystems.TrustOf(LinuxCalls.FileSystemMagic(own ?? folder));
    }

    public override long FindHole(SafeFileHandle handle, long offset) => LinuxCalls.Seek(handle, offset, LinuxCalls.SeekHole);

    public override long FindData(SafeFileHandle handle, long offset) => LinuxCalls.Seek(handle, offset, LinuxCalls.SeekData);

    public override void AdviseSequential(SafeFileHandle handle) => LinuxCalls.AdviseSequential(handle);

    private static byte[] ProcPath(SafeFileHandle handle) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{handle.DangerousGetHandle()}"));

    private static bool MeansNone(int error) =>
        error is LinuxErrno.NotSupported or LinuxErrno.NoEntry or LinuxErrno.NoSystemCall or LinuxErrno.NoData;

    /// <summary>The last component is not followed.</summary>
    private readonly struct NamedPlace(byte[] terminatedPath) : IAttributePlace
    {
        public nint List(Span<byte> names) => LinuxCalls.ListAttributes(terminatedPath, names, (nuint)names.Length);

        public nint Get(ReadOnlySpan<byte> terminatedName, Span<byte> value) =>
            LinuxCalls.GetAttribute(terminatedPath, terminatedName, value, (nuint)value.Length);

        public bool MeansNone(int error) => LinuxFiles.MeansNone(error);
    }

    private readonly struct HandlePlace(SafeFileHandle handle) : IAttributePlace
    {
        public nint List(Span<byte> names) => LinuxCalls.ListAttributes(handle, names, (nuint)names.Length);

        public nint Get(ReadOnlySpan<byte> terminatedName, Span<byte> value) =>
            LinuxCalls.GetAttribute(handle, terminatedName, value, (nuint)value.Length);

        public bool MeansNone(int error) => LinuxFiles.MeansNone(error);
    }
}
