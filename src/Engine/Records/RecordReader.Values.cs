using System.Buffers.Binary;
using System.Formats.Cbor;
using System.Net;
using System.Numerics;

namespace SecureBackup.Engine.Records;

public static partial class RecordReader
{
    private static object ReadScalar(CborReader reader, int code) => code switch
    {
        RecordCode.SByte => (sbyte)InRange(reader.ReadInt64(), sbyte.MinValue, sbyte.MaxValue),
        RecordCode.Byte => (byte)InRange(reader.ReadInt64(), 0, byte.MaxValue),
        RecordCode.Int16 => (short)InRange(reader.ReadInt64(), short.MinValue, short.MaxValue),
        RecordCode.UInt16 => (ushort)InRange(reader.ReadInt64(), 0, ushort.MaxValue),
        RecordCode.UInt32 => reader.ReadUInt32(),
        RecordCode.Int64 => reader.ReadInt64(),
        RecordCode.UInt64 => reader.ReadUInt64(),
        RecordCode.Int128 => BinaryPrimitives.ReadInt128BigEndian(Exact(reader, 16)),
        RecordCode.UInt128 => BinaryPrimitives.ReadUInt128BigEndian(Exact(reader, 16)),
        RecordCode.BigInteger => new BigInteger(reader.ReadByteString(), isUnsigned: false, isBigEndian: true),
        RecordCode.Half => BinaryPrimitives.ReadHalfBigEndian(Exact(reader, 2)),
        RecordCode.Single => BinaryPrimitives.ReadSingleBigEndian(Exact(reader, 4)),
        RecordCode.Double => BinaryPrimitives.ReadDoubleBigEndian(Exact(reader, 8)),
        RecordCode.Decimal => ReadDecimal(reader),
        RecordCode.Char => (char)InRange(reader.ReadInt64(), char.MinValue, char.MaxValue),
        RecordCode.Utf16 => ReadUtf16(reader),
        RecordCode.Guid => new Guid(Exact(reader, 16), bigEndian: true),
        RecordCode.Uri => ReadUri(reader),
        RecordCode.Version => Version.Parse(reader.ReadTextString()),
        RecordCode.IPAddress => ReadAddress(reader),
        RecordCode.DBNull => DBNull.Value,
        RecordCode.Enum => ReadEnum(reader),
        _ => ReadTime(reader, code),
    };

    private static object ReadTime(CborReader reader, int code) => code switch
    {
        RecordCode.DateTime => new DateTime(reader.ReadInt64(), (DateTimeKind)InRange(reader.ReadInt64(), 0, (long)DateTimeKind.Local)),
        RecordCode.DateTimeOffset => new DateTimeOffset(reader.ReadInt64(), TimeSpan.FromMinutes(InRange(reader.ReadInt64(), -840, 840))),
        RecordCode.DateOnly => DateOnly.FromDayNumber(reader.ReadInt32()),
        RecordCode.TimeOnly => new TimeOnly(reader.ReadInt64()),
        RecordCode.TimeSpan => new TimeSpan(reader.ReadInt64()),
        _ => throw Unsupported($"values of kind {code}"),
    };

    private static long InRange(long number, long least, long most) => number >= least && number <= most ? number : throw Malformed("a number is out of its type's range");

    private static byte[] Exact(CborReader reader, int count)
    {
        var bytes = reader.ReadByteString();
        Require(bytes.Length == count, "a value has another length than its type");
        return bytes;
    }

    private static decimal ReadDecimal(CborReader reader)
    {
        var scale = (byte)InRange(reader.ReadInt64(), 0, 28);
        var isNegative = InRange(reader.ReadInt64(), 0, 1) == 1;
        var digits = Exact(reader, 12);
        return new decimal(
            BinaryPrimitives.ReadInt32BigEndian(digits.AsSpan(8)), BinaryPrimitives.ReadInt32BigEndian(digits.AsSpan(4)), BinaryPrimitives.ReadInt32BigEndian(digits), isNegative, scale);
    }

    private static string ReadUtf16(CborReader reader)
    {
        var bytes = reader.ReadByteString();
        Require(bytes.Length % 2 == 0, "half a character");
        return string.Create(bytes.Length / 2, bytes, static (text, bytes) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = (char)BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(2 * i));
            }
        });
    }

    private static Uri ReadUri(CborReader reader)
    {
        var text = ReadValue(reader, RecordLimits.MaxDepth) as string ?? throw Malformed("an address is no text");
        return new Uri(text, InRange(reader.ReadInt64(), 0, 1) == 1 ? UriKind.Absolute : UriKind.Relative);
    }

    private static IPAddress ReadAddress(CborReader reader)
    {
        var bytes = reader.ReadByteString();
        var scope = InRange(reader.ReadInt64(), 0, uint.MaxValue);
        return bytes.Length == 16 ? new IPAddress(bytes, scope) : new IPAddress(bytes);
    }

    private static RecordEnum ReadEnum(CborReader reader)
    {
        var name = reader.ReadTextString();
        Int128 number = reader.PeekState() == CborReaderState.NegativeInteger ? reader.ReadInt64() : reader.ReadUInt64();
        return new RecordEnum(name, number, reader.ReadTextString());
    }
}
