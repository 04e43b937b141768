using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace SecureBackup.Targets.Checksums;

/// <summary>CRC-32C (Castagnoli), by the processor's own instruction.</summary>
internal struct Crc32C()
{
    private uint _state = uint.MaxValue;

    public readonly uint Value => ~_state;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var sum = new Crc32C();
        sum.Append(bytes);
        return sum.Value;
    }

    /// <summary>As Google writes it: base64 of the four bytes, the highest first.</summary>
    public static string ToText(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Convert.ToBase64String(bytes);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var state = _state;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            state = BitOperations.Crc32C(state, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        }

        foreach (var octet in bytes[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, octet);
        }

        _state = state;
    }
}
