using System.Buffers.Binary;

namespace SecureBackup.Engine.Platform;

/// <summary>Records of <c>getdents64</c>: inode 8, offset 8, record length 2, type 1, name to a zero byte; the same on every processor.</summary>
internal static class LinuxFolderRecords
{
    /// <summary>Adds all names but the folder itself and its parent.</summary>
    public static void AddNames(ReadOnlySpan<byte> records, NameList names)
    {
        while (!records.IsEmpty)
        {
            var length = BitConverter.IsLittleEndian
                ? BinaryPrimitives.ReadUInt16LittleEndian(records[16..])
                : BinaryPrimitives.ReadUInt16BigEndian(records[16..]);
            var name = records[19..length];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(name);
            }

            records = records[length..];
        }
    }
}
