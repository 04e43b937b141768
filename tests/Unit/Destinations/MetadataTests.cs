using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using CsCheck;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>Attribute for attribute, told by the system's own tools.</summary>
public sealed class MetadataTests
{
    private static readonly uint Me = OperatingSystem.IsLinux() ? uint.Parse(Run("id", "-u"), CultureInfo.InvariantCulture) : 0;

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task Any_mode_time_and_attributes_come_back()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var number = 0;
        var generator =
            from mode in Gen.UInt[0, 0x1FF]
            from sticky in Gen.Bool
            from seconds in Gen.Long[-2_000_000_000, 4_000_000_000]
            from nanoseconds in Gen.UInt[0, 999_999_999]
            from values in Gen.Byte.Array[0, 40].Array[0, 4]
            from kind in Gen.Int[0, 3].Select(i => new[] { EntryKind.File, EntryKind.Directory, EntryKind.Fifo, EntryKind.Socket }[i])
            select (Mode: mode | (sticky && kind == EntryKind.Directory ? 0x200u : 0), Time: new Timestamp(seconds, nanoseconds), values, kind);
        await generator.SampleAsync(
            async sample =>
            {
                var name = $"entry-{Interlocked.Increment(ref number)}";
                var keepsAttributes = sample.kind is EntryKind.File or EntryKind.Directory;
                var metadata = new EntryMetadata
                {
                    Kind = sample.kind,
                    Mode = sample.Mode,
                    ModifiedAt = sample.Time,
                    ExtendedAttributes = keepsAttributes
                        ? [.. sample.values.Select((value, i) => new ExtendedAttribute(Encoding.UTF8.GetBytes($"user.n{i}"), value))]
                        : [],
                };

                Assert.Empty(await RestoreAny(scene, Entry(name, metadata)));

                var path = scene.At(name);
                Assert.Equal(Convert.ToString(sample.Mode, 8), Stat(path, "%a"));
                Assert.Equal(sample.Time, ParseTime(Stat(path, "%.9Y")));
                // Without the right to read, an owner could not look at them.
                if (keepsAttributes)
                {
                    System.IO.File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                }

                foreach (var attribute in metadata.ExtendedAttributes)
                {
                    Assert.Equal(attribute.Value, GetAttribute(path, Encoding.UTF8.GetString(attribute.Name)));
                }
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public async Task Holes_stay_holes_and_what_is_no_zero_is_written_whatever_the_hints_say()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        const int mebibyte = 1 << 20;
        var content = new byte[8 * mebibyte];
        content.AsSpan(0, 4096).Fill(1);
        content[(5 * mebibyte) + 7] = 9;
        var entry = File("sparse", content.Length);
        entry = entry with { Metadata = entry.Metadata with { Holes = [new(4096, (3 * mebibyte) - 4096), new(4 * mebibyte, 2 * mebibyte), new(6 * mebibyte, 2 * mebibyte)] } };
        await using var destination = scene.Open();
        var file = destination.OpenFile(destination.Prepare(entry));
        for (var offset = content.Length - (mebibyte / 2); offset >= 0; offset -= mebibyte / 2)
        {
            file.Write(offset, content.AsSpan(offset, mebibyte / 2));
        }

        Assert.True(file.Complete().IsRestored);

        Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(scene.At("sparse"), TestContext.Current.CancellationToken));
        // 4 KiB, one MiB without a hint, and the half MiB whose hint was wrong.
        Assert.InRange(long.Parse(Stat(scene.At("sparse"), "%b"), CultureInfo.InvariantCulture) * 512, 4096, 2 * mebibyte);
    }

    [Fact]
    public async Task Owner_set_id_bits_and_capabilities_come_back_together()
    {
        NeedLinux();
        NeedRoot("gives files away");
        using var scene = new DestinationScene();
        var capability = new byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(capability, 0x02000001);
        BinaryPrimitives.WriteUInt32LittleEndian(capability.AsSpan(4), 1 << 10);
        var metadata = new EntryMetadata
        {
            Kind = EntryKind.File, UserId = 12345, GroupId = 23456, Mode = 0xDED, ModifiedAt = Noon,
            ExtendedAttributes = [new([.. "security.capability"u8], capability), new([.. "trusted.x"u8], [1])],
        };

        Assert.Empty(await RestoreAny(scene, Entry("file", metadata)));
        Assert.Empty(await RestoreAny(scene, Entry("folder", metadata with { Kind = EntryKind.Directory, ExtendedAttributes = [] })));
        Assert.Empty(await RestoreAny(scene, Symlink("link", "file") with { Metadata = metadata with { Kind = EntryKind.SymbolicLink, LinkTarget = [.. "file"u8], ExtendedAttributes = [new([.. "trusted.x"u8], [1])] } }));

        Assert.Equal("12345 23456 6755", Stat(scene.At("file"), "%u %g %a"));
        Assert.Equal("12345 23456 6755", Stat(scene.At("folder"), "%u %g %a"));
        Assert.Equal("12345 23456", Stat(scene.At("link"), "%u %g"));
        Assert.Equal(capability, GetAttribute(scene.At("file"), "security.capability"));
        Assert.Equal([1], GetAttribute(scene.At("link"), "trusted.x"));
        Assert.Equal(Noon, ParseTime(Stat(scene.At("link"), "%.9Y")));
    }

    [Fact]
    public async Task Set_id_bits_come_only_with_the_owner()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var options = With(OverwriteMode.Always) with { RestoreOwner = false };
        var metadata = new EntryMetadata { Kind = EntryKind.File, UserId = Me + 1, Mode = 0x9ED, ModifiedAt = Noon, ExtendedAttributes = [new([.. "security.x"u8], [1])] };

        var fault = Assert.Single(await RestoreAny(scene, Entry("file", metadata), options));

        Assert.Equal(FaultCodes.AttributeNotRestored, fault.Code);
        Assert.Contains("set-id bits", fault.Message, StringComparison.Ordinal);
        Assert.Contains("security.x", fault.Message, StringComparison.Ordinal);
        Assert.Equal($"{Me} 755", Stat(scene.At("file"), "%u %a"));
    }

    [Fact]
    public async Task Owners_go_by_name_unless_numbers_are_asked_for()
    {
        NeedLinux();
        NeedRoot("gives files away");
        using var scene = new DestinationScene();
        var metadata = new EntryMetadata { Kind = EntryKind.File, UserId = 777, GroupId = 777, UserName = "root", GroupName = "no-such-group", ModifiedAt = Noon, Mode = 0x1A4 };

        Assert.Empty(await RestoreAny(scene, Entry("named", metadata)));
        Assert.Empty(await RestoreAny(scene, Entry("numbered", metadata), With(OverwriteMode.Always) with { OwnerMapping = OwnerMapping.Numeric }));

        Assert.Equal("0 777", Stat(scene.At("named"), "%u %g"));
        Assert.Equal("777 777", Stat(scene.At("numbered"), "%u %g"));
    }

    [Fact]
    public async Task Access_lists_come_back_and_those_of_the_parent_do_not_stick()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Directory.CreateDirectory(scene.Folder);
        var list = AccessList(namedUser: 4242);
        Assert.SkipUnless(SetAttribute(scene.Folder, "system.posix_acl_default", list), "This file system keeps no access lists.");
        var plain = new EntryMetadata { Kind = EntryKind.File, Mode = 0x1B0, ModifiedAt = Noon };
        var listed = plain with { ExtendedAttributes = [new([.. "system.posix_acl_access"u8], list)] };

        Assert.Empty(await RestoreAny(scene, Entry("plain", plain)));
        Assert.Empty(await RestoreAny(scene, Entry("listed", listed)));
        Assert.Empty(await RestoreAny(scene, Entry("folder", plain with { Kind = EntryKind.Directory, Mode = 0x1F8 })));

        Assert.Null(GetAttribute(scene.At("plain"), "system.posix_acl_access"));
        Assert.Null(GetAttribute(scene.At("folder"), "system.posix_acl_access"));
        Assert.Null(GetAttribute(scene.At("folder"), "system.posix_acl_default"));
        Assert.Equal("660", Stat(scene.At("plain"), "%a"));
        Assert.Equal(list, GetAttribute(scene.At("listed"), "system.posix_acl_access"));
    }

    [Fact]
    public async Task Devices_come_back_for_root_alone()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var device = Entry("device", new EntryMetadata { Kind = EntryKind.CharacterDevice, DeviceMajor = 259, DeviceMinor = 70000, Mode = 0x180, ModifiedAt = Noon });

        Assert.Equal(FaultCodes.UnsupportedEntryKind, Assert.Single(await RestoreAny(scene, device, With(OverwriteMode.Always) with { RestoreOwner = false })).Code);
        NeedRoot("makes a device");
        Assert.Empty(await RestoreAny(scene, device));
        Assert.Equal("character special file 103 11170", Stat(scene.At("device"), "%F %t %T"));
    }

    [Fact]
    public async Task What_linux_cannot_keep_is_listed()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var metadata = new EntryMetadata { Kind = EntryKind.File, ModifiedAt = Noon, WindowsAttributes = 3, SecurityDescriptor = [1], AlternateStreams = [new([.. "zone"u8], 0)] };

        var fault = Assert.Single(await RestoreAny(scene, Entry("file", metadata)));

        Assert.Equal(FaultCodes.AttributeNotRestored, fault.Code);
        Assert.Contains("zone", fault.Message, StringComparison.Ordinal);
        Assert.Equal(FaultCodes.UnsupportedEntryKind, Assert.Single(await RestoreAny(scene, Entry("r", metadata with { Kind = EntryKind.ReparsePoint }))).Code);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_read_only_folder_gets_its_mode_and_time_after_what_is_in_it()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        var sealedFolder = Dir("folder");
        sealedFolder = sealedFolder with { Metadata = sealedFolder.Metadata with { Mode = 0x16D } };
        for (var round = 0; round < 2; round++)
        {
            await using var destination = scene.Open();
            var folder = destination.Prepare(sealedFolder);
            Assert.Equal("7", Stat(scene.At("folder"), "%a")[..1]);
            Assert.True(Restore(destination, "folder/file", "text").IsRestored);
            Assert.Empty(destination.CompleteFolder(folder).Faults);

            Assert.Equal("555", Stat(scene.At("folder"), "%a"));
            Assert.Equal(Noon, ParseTime(Stat(scene.At("folder"), "%.9Y")));
        }

        System.IO.File.SetUnixFileMode(scene.At("folder"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static async Task<IReadOnlyList<DestinationFault>> RestoreAny(DestinationScene scene, DestinationEntry entry, DestinationOptions? options = null)
    {
        await using var destination = scene.Open(options);
        var preparation = destination.Prepare(entry);
        IReadOnlyList<DestinationFault> faults = preparation.Faults;
        if (preparation.Verdict == PrepareVerdict.Content)
        {
            faults = destination.OpenFile(preparation).Complete().Faults;
        }
        else if (preparation.Verdict == PrepareVerdict.Folder)
        {
            faults = destination.CompleteFolder(preparation).Faults;
        }

        return faults;
    }

    private static Timestamp ParseTime(string text)
    {
        var value = decimal.Parse(text, CultureInfo.InvariantCulture);
        var seconds = decimal.Floor(value);
        return new Timestamp((long)seconds, (uint)((value - seconds) * 1_000_000_000));
    }

    /// <summary>owner rw-, one user rw-, group r--, mask rw-, others nothing, in the kernel's form.</summary>
    private static byte[] AccessList(uint namedUser)
    {
        (ushort Tag, ushort Rights, uint Id)[] rows = [(1, 6, uint.MaxValue), (2, 6, namedUser), (4, 4, uint.MaxValue), (16, 6, uint.MaxValue), (32, 0, uint.MaxValue)];
        var bytes = new byte[4 + (rows.Length * 8)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, 2);
        for (var i = 0; i < rows.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4 + (i * 8)), rows[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6 + (i * 8)), rows[i].Rights);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8 + (i * 8)), rows[i].Id);
        }

        return bytes;
    }
}
