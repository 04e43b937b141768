using System.Collections.Frozen;

namespace SecureBackup.Engine.Platform;

/// <summary>Linux file systems by their magic numbers.</summary>
internal static class LinuxFileSystems
{
    private static readonly FrozenSet<uint> WithoutStableIdentity = new uint[]
    {
        0x4D44, // FAT: inodes are invented at mount, no change time
        0x2011BAB0, // exFAT: likewise
        0x65735546, // FUSE: whatever its server says; also virtiofs and NTFS-3G
        0xFF534D42, 0xFE534D42, 0x517B, // SMB: inodes may be invented, change time is the server's word
        0x01021997, // 9P: ids are shortened
        0x5346414F, 0x6B414653, // AFS: change time is modification time
        0x786F4256, 0xBACBACBC, 0x7C7C6673, // shared folders of virtual machines
        0x9FA0, 0x62656572, 0x64626720, 0x74726163, 0x27E0EB, 0x63677270, 0x73636673, 0xDE5E81E4, 0x62656570, // proc, sys and kin: made on the spot
    }.ToFrozenSet();

    private static readonly FrozenSet<uint> StampedElsewhere = new uint[]
    {
        0x6969, // NFS
        0x00C36400, // Ceph
        0x0BD00BD0, // Lustre
        0x01161970, // GFS2
        0x7461636F, // OCFS2
        0x47504653, // GPFS
    }.ToFrozenSet();

    /// <param name="magic">0 where it could not be asked.</param>
    public static StampTrust TrustOf(uint magic) => magic == 0 || WithoutStableIdentity.Contains(magic) ? StampTrust.None
        : StampedElsewhere.Contains(magic) ? StampTrust.ForeignClock
        : StampTrust.OwnClock;
}
