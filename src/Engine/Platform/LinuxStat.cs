using System.Runtime.InteropServices;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Platform;

/// <summary>The kernel's <c>struct statx</c>: 256 bytes, the same on every processor and C library.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal readonly struct LinuxStat
{
    [FieldOffset(8)] public readonly ulong Attributes;
    [FieldOffset(16)] public readonly uint LinkCount;
    [FieldOffset(20)] public readonly uint UserId;
    [FieldOffset(24)] public readonly uint GroupId;
    [FieldOffset(28)] public readonly ushort Mode;
    [FieldOffset(32)] public readonly ulong Inode;
    [FieldOffset(40)] public readonly long SizeBytes;
    [FieldOffset(48)] public readonly long Blocks;
    [FieldOffset(96)] public readonly LinuxTime Changed;
    [FieldOffset(112)] public readonly LinuxTime Modified;
    [FieldOffset(128)] public readonly uint SpecialMajor;
    [FieldOffset(132)] public readonly uint SpecialMinor;
    [FieldOffset(136)] public readonly uint DeviceMajor;
    [FieldOffset(140)] public readonly uint DeviceMinor;

    /// <summary>Something is mounted there; never set by kernels before 5.8.</summary>
    public bool IsMountPoint => (Attributes & 0x2000) != 0;

    public int TypeBits => Mode & UnixMode.TypeMask;

    public ulong Device => ((ulong)DeviceMajor << 32) | DeviceMinor;

    public long AllocatedBytes => Blocks * 512;

    public UnixStat ToUnixStat() => new()
    {
        Mode = Mode,
        SizeBytes = SizeBytes,
        AllocatedBytes = AllocatedBytes,
        Modified = Modified.ToTimestamp(),
        Changed = Changed.ToTimestamp(),
        Device = Device,
        Inode = Inode,
        LinkCount = LinkCount,
        UserId = UserId,
        GroupId = GroupId,
        SpecialMajor = SpecialMajor,
        SpecialMinor = SpecialMinor,
    };
}

[StructLayout(LayoutKind.Sequential)]
internal readonly struct LinuxTime
{
    public readonly long Seconds;
    public readonly uint Nanoseconds;
    private readonly int _reserved;

    public Timestamp ToTimestamp() => new(Seconds, Nanoseconds);
}
