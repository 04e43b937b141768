using System.Buffers.Binary;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>CRC-32C by the book and byte for byte: apart from the product's own, so that an error there is seen here.</summary>
internal static class Castagnoli
{
    private const uint Polynomial = 0x82F63B78;

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(index =>
    {
        var value = (uint)index;
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
        }

        return value;
    })];

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var value = uint.MaxValue;
        foreach (var octet in bytes)
        {
            value = (value >> 8) ^ Table[(byte)value ^ octet];
        }

        return ~value;
    }

    /// <summary>As the platform writes it: big-endian.</summary>
    public static string Base64(ReadOnlySpan<byte> bytes)
    {
        Span<byte> text = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(text, Of(bytes));
        return Convert.ToBase64String(text);
    }
}
