using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Platform;

/// <summary>What Linux and macOS tell of an entry.</summary>
internal readonly record struct UnixStat
{
    /// <summary>Type and permission bits.</summary>
    public required int Mode { get; init; }

    public required long SizeBytes { get; init; }

    public required long AllocatedBytes { get; init; }

    public required Timestamp Modified { get; init; }

    public required Timestamp Changed { get; init; }

    /// <summary>Where the platform can also set it.</summary>
    public Timestamp? Created { get; init; }

    public required ulong Device { get; init; }

    public required ulong Inode { get; init; }

    public required uint LinkCount { get; init; }

    public required uint UserId { get; init; }

    public required uint GroupId { get; init; }

    public required uint SpecialMajor { get; init; }

    public required uint SpecialMinor { get; init; }

    public EntryKind Kind => UnixMode.KindOf(Mode);
}

/// <summary>The type bits of a mode: the same on every Unix.</summary>
internal static class UnixMode
{
    public const int TypeMask = 0xF000;
    public const int Fifo = 0x1000;
    public const int CharacterDevice = 0x2000;
    public const int Directory = 0x4000;
    public const int BlockDevice = 0x6000;
    public const int File = 0x8000;
    public const int SymbolicLink = 0xA000;
    public const int Socket = 0xC000;
    public const int PermissionMask = 0xFFF;

    public static EntryKind KindOf(int mode) => (mode & TypeMask) switch
    {
        Directory => EntryKind.Directory,
        SymbolicLink => EntryKind.SymbolicLink,
        Fifo => EntryKind.Fifo,
        Socket => EntryKind.Socket,
        CharacterDevice => EntryKind.CharacterDevice,
        BlockDevice => EntryKind.BlockDevice,
        _ => EntryKind.File,
    };
}
