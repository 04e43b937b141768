using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecureBackup.Engine.Primitives;

/// <summary>A 32-byte identifier, compared as unsigned bytes. The typed ids below wrap it so that none is taken for another.</summary>
public readonly record struct Id256(ulong A, ulong B, ulong C, ulong D) : IComparable<Id256>
{
    public const int SizeBytes = 32;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public bool IsZero => (A | B | C | D) == 0;

    /// <param name="bytes">Exactly 32 bytes.</param>
    public static Id256 Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != SizeBytes)
        {
            throw new ArgumentException("An id is 32 bytes.", nameof(bytes));
        }

        return new Id256(
            BinaryPrimitives.ReadUInt64BigEndian(bytes),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));
    }

    public static Id256 Random()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        RandomNumberGenerator.Fill(bytes);
        return Read(bytes);
    }

    /// <summary>Parses 64 lower-case hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out Id256 id)
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        if (hex.Length == 64 && !hex.ContainsAnyExcept(HexDigits)
            && Convert.FromHexString(hex, bytes, out _, out _) == OperationStatus.Done)
        {
            id = Read(bytes);
            return true;
        }

        id = default;
        return false;
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, A);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], D);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[SizeBytes];
        CopyTo(bytes);
        return bytes;
    }

    public int CompareTo(Id256 other)
    {
        var a = A.CompareTo(other.A);
        if (a != 0)
        {
            return a;
        }

        var b = B.CompareTo(other.B);
        if (b != 0)
        {
            return b;
        }

        var c = C.CompareTo(other.C);
        return c != 0 ? c : D.CompareTo(other.D);
    }

    public override int GetHashCode() => (int)A ^ (int)(A >> 32);

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    public static bool operator <(Id256 left, Id256 right) => left.CompareTo(right) < 0;

    public static bool operator >(Id256 left, Id256 right) => left.CompareTo(right) > 0;

    public static bool operator <=(Id256 left, Id256 right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Id256 left, Id256 right) => left.CompareTo(right) >= 0;
}
