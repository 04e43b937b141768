using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SecureBackup.Engine.Chunking;

/// <summary>
/// The secrets of a chunker, expanded from its 32-byte key by HKDF-Expand (SHA-256, the key as pseudo-random key).
/// Gear: info "sb1/gear", 2048 bytes, as 256 u64 LE. Order of the mask bits: info "sb1/masks", 384 bytes, as 48 u64 LE, one for each of the
/// bits 16 to 63; the bits in ascending order of their number (then of position) are taken first. Without the key, sizes of chunks tell
/// nothing about which file they come from.
/// </summary>
internal sealed class GearTable
{
    internal const int KeyBytes = 32;

    private const int Entries = 256;
    private const int LowestMaskBit = 16;
    private const int MaskBits = 64 - LowestMaskBit;

    private readonly int[] _bitOrder;

    internal GearTable(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyBytes)
        {
            throw new ArgumentException("A chunker key is 32 bytes.", nameof(key));
        }

        Gear = Expand(key, "sb1/gear"u8, Entries);
        var ranks = Expand(key, "sb1/masks"u8, MaskBits);
        _bitOrder = [.. Enumerable.Range(0, MaskBits).OrderBy(bit => ranks[bit]).ThenBy(bit => bit)];
    }

    /// <summary>One random number for each byte value.</summary>
    internal ulong[] Gear { get; }

    /// <summary>A mask of so many bits; a mask of fewer is a subset of it.</summary>
    internal ulong Mask(int bits)
    {
        var mask = 0UL;
        foreach (var bit in _bitOrder.AsSpan(0, bits))
        {
            mask |= 1UL << (LowestMaskBit + bit);
        }

        return mask;
    }

    private static ulong[] Expand(ReadOnlySpan<byte> key, ReadOnlySpan<byte> label, int count)
    {
        var numbers = new ulong[count];
        var bytes = MemoryMarshal.AsBytes(numbers.AsSpan());
        HKDF.Expand(HashAlgorithmName.SHA256, key, bytes, label);
        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(numbers, numbers);
        }

        return numbers;
    }
}
