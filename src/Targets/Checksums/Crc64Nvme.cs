using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SecureBackup.Targets.Checksums;

/// <summary>CRC-64/NVME, eight bytes at a step. The stores differ in the order in which they write its bytes.</summary>
internal struct Crc64Nvme()
{
    private const ulong Polynomial = 0x9A6C_9329_AC4B_C9B5;
    private const int Slices = sizeof(ulong);

    private static readonly ulong[][] Tables = MakeTables();

    private ulong _state = ulong.MaxValue;

    public readonly ulong Value => ~_state;

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var sum = new Crc64Nvme();
        sum.Append(bytes);
        return sum.Value;
    }

    /// <summary>As Azure takes it: the lowest byte first.</summary>
    public static byte[] ToLittleEndian(ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var state = _state;
        var tables = Tables;
        ulong[] t0 = tables[0], t1 = tables[1], t2 = tables[2], t3 = tables[3], t4 = tables[4], t5 = tables[5], t6 = tables[6], t7 = tables[7];
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            state ^= BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
            state = t7[(byte)state] ^ t6[(byte)(state >> 8)] ^ t5[(byte)(state >> 16)] ^ t4[(byte)(state >> 24)]
                ^ t3[(byte)(state >> 32)] ^ t2[(byte)(state >> 40)] ^ t1[(byte)(state >> 48)] ^ t0[state >> 56];
        }

        foreach (var octet in bytes[(words.Length * sizeof(ulong))..])
        {
            state = t0[(byte)(state ^ octet)] ^ (state >> 8);
        }

        _state = state;
    }

    private static ulong[][] MakeTables()
    {
        var tables = new ulong[Slices][];
        tables[0] = new ulong[256];
        for (var octet = 0; octet < tables[0].Length; octet++)
        {
            var entry = (ulong)octet;
            for (var bit = 0; bit < 8; bit++)
            {
                entry = (entry & 1) == 0 ? entry >> 1 : (entry >> 1) ^ Polynomial;
            }

            tables[0][octet] = entry;
        }

        for (var slice = 1; slice < Slices; slice++)
        {
            tables[slice] = Array.ConvertAll(tables[slice - 1], entry => tables[0][(byte)entry] ^ (entry >> 8));
        }

        return tables;
    }
}
