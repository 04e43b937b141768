using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Platform;

/// <summary>The layout that the kernel of macOS fills, as its header lists it: looked at here, since the calls themselves run there alone.</summary>
public sealed class MacStatTests
{
    [Fact]
    public void Every_field_lies_where_the_header_puts_it()
    {
        var bytes = new byte[144];
        Assert.Equal(bytes.Length, Marshal.SizeOf<MacStat>());
        var at = 0;
        Put(4, 0x01000005); // device
        Put(2, 0x81A4); // mode: a file, 0644
        Put(2, 3); // links
        Put(8, 0x1122334455667788); // file number
        Put(4, 501); // user
        Put(4, 20); // group
        Put(4, 0x0E000102); // special device
        at = 32;
        foreach (var seconds in new long[] { 1, 2, 3, 4 })
        {
            Put(8, seconds); // accessed, modified, changed, born
            Put(8, seconds * 10);
        }

        Put(8, 5_000); // size
        Put(8, 8); // blocks
        Put(4, 4096); // block size
        Put(4, 0xFFFFFFFF); // flags
        Put(4, 0xFFFFFFFF); // generation
        Assert.Equal(124, at);

        var stat = MemoryMarshal.Read<MacStat>(bytes).ToUnixStat();

        Assert.Equal(EntryKind.File, stat.Kind);
        Assert.Equal(0x1A4, stat.Mode & UnixMode.PermissionMask);
        Assert.Equal((0x01000005ul, 0x1122334455667788ul, 3u), (stat.Device, stat.Inode, stat.LinkCount));
        Assert.Equal((501u, 20u), (stat.UserId, stat.GroupId));
        Assert.Equal((0x0Eu, 0x102u), (stat.SpecialMajor, stat.SpecialMinor));
        Assert.Equal(new Timestamp(2, 20), stat.Modified);
        Assert.Equal(new Timestamp(3, 30), stat.Changed);
        Assert.Equal(new Timestamp(4, 40), stat.Created);
        Assert.Equal((5_000L, 4_096L), (stat.SizeBytes, stat.AllocatedBytes));

        void Put(int size, long value)
        {
            Span<byte> whole = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(whole, value);
            whole[..size].CopyTo(bytes.AsSpan(at));
            at += size;
        }
    }

    [Theory]
    [InlineData(0x41ED, EntryKind.Directory)]
    [InlineData(0xA1FF, EntryKind.SymbolicLink)]
    [InlineData(0x11A4, EntryKind.Fifo)]
    [InlineData(0xC1A4, EntryKind.Socket)]
    [InlineData(0x21A4, EntryKind.CharacterDevice)]
    [InlineData(0x61A4, EntryKind.BlockDevice)]
    [InlineData(0x81A4, EntryKind.File)]
    public void The_mode_tells_the_kind(int mode, EntryKind kind) => Assert.Equal(kind, UnixMode.KindOf(mode));
}
