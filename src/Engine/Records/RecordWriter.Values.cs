using System.Buffers.Binary;
using System.Net;
using System.Numerics;

namespace SecureBackup.Engine.Records;

public sealed partial class RecordWriter
{
    private bool TryWriteScalar(object value)
    {
        switch (value)
        {
            case bool flag: _cbor.WriteBoolean(flag); return true;
            case string text: WriteText(text); return true;
            case int number: _cbor.WriteInt32(number); return true;
            case char character: WriteCoded(RecordCode.Char, character); return true;
            case DateTime time: WriteCoded(RecordCode.DateTime, time.Ticks, (long)time.Kind); return true;
            case DateTimeOffset time: WriteCoded(RecordCode.DateTimeOffset, time.Ticks, (long)time.Offset.TotalMinutes); return true;
            case DateOnly date: WriteCoded(RecordCode.DateOnly, date.DayNumber); return true;
            case TimeOnly time: WriteCoded(RecordCode.TimeOnly, time.Ticks); return true;
            case TimeSpan span: WriteCoded(RecordCode.TimeSpan, span.Ticks); return true;
            case Guid guid: WriteCoded(RecordCode.Guid, guid.ToByteArray(bigEndian: true)); return true;
            case Uri uri: WriteUri(uri); return true;
            case Version version: WriteCoded(RecordCode.Version, version.ToString()); return true;
            case IPAddress address: WriteAddress(address); return true;
            case DBNull: WriteCoded(RecordCode.DBNull); return true;
            case Enum member: WriteEnum(new RecordEnum(member.GetType().FullName!, NumberOf(member), member.ToString())); return true;
            case RecordEnum member: WriteEnum(member); return true;
            default: return false;
        }
    }

    private bool TryWriteNumber(object value)
    {
        switch (value)
        {
            case sbyte number: WriteCoded(RecordCode.SByte, number); return true;
            case byte number: WriteCoded(RecordCode.Byte, number); return true;
            case short number: WriteCoded(RecordCode.Int16, number); return true;
            case ushort number: WriteCoded(RecordCode.UInt16, number); return true;
            case uint number: WriteCoded(RecordCode.UInt32, number); return true;
            case long number: WriteCoded(RecordCode.Int64, number); return true;
            case ulong number: WriteUnsigned(number); return true;
            case Int128 number: WriteCoded(RecordCode.Int128, Bytes(16, destination => BinaryPrimitives.WriteInt128BigEndian(destination, number))); return true;
            case UInt128 number: WriteCoded(RecordCode.UInt128, Bytes(16, destination => BinaryPrimitives.WriteUInt128BigEndian(destination, number))); return true;
            case BigInteger number: WriteCoded(RecordCode.BigInteger, number.ToByteArray(isUnsigned: false, isBigEndian: true)); return true;
            case Half number: WriteCoded(RecordCode.Half, Bytes(2, destination => BinaryPrimitives.WriteHalfBigEndian(destination, number))); return true;
            case float number: WriteCoded(RecordCode.Single, Bytes(4, destination => BinaryPrimitives.WriteSingleBigEndian(destination, number))); return true;
            case double number: WriteCoded(RecordCode.Double, Bytes(8, destination => BinaryPrimitives.WriteDoubleBigEndian(destination, number))); return true;
            case decimal number: WriteDecimal(number); return true;
            default: return false;
        }
    }

    private delegate void Fill(Span<byte> destination);

    private static byte[] Bytes(int count, Fill fill)
    {
        var bytes = new byte[count];
        fill(bytes);
        return bytes;
    }

    private static Int128 NumberOf(Enum member) => Enum.GetUnderlyingType(member.GetType()) == typeof(ulong)
        ? Convert.ToUInt64(member, System.Globalization.CultureInfo.InvariantCulture)
        : Convert.ToInt64(member, System.Globalization.CultureInfo.InvariantCulture);

    private void WriteCoded(int code, params ReadOnlySpan<long> numbers)
    {
        _cbor.WriteStartArray(1 + numbers.Length);
        _cbor.WriteInt32(code);
        foreach (var number in numbers)
        {
            _cbor.WriteInt64(number);
        }

        _cbor.WriteEndArray();
    }

    private void WriteCoded(int code, byte[] bytes)
    {
        _cbor.WriteStartArray(2);
        _cbor.WriteInt32(code);
        _cbor.WriteByteString(bytes);
        _cbor.WriteEndArray();
    }

    private void WriteCoded(int code, string text)
    {
        _cbor.WriteStartArray(2);
        _cbor.WriteInt32(code);
        WriteText(text);
        _cbor.WriteEndArray();
    }

    private void WriteUnsigned(ulong number)
    {
        _cbor.WriteStartArray(2);
        _cbor.WriteInt32(RecordCode.UInt64);
        _cbor.WriteUInt64(number);
        _cbor.WriteEndArray();
    }

    /// <summary>Scale and sign apart from the digits: 1.0 and 1.00 are two values.</summary>
    private void WriteDecimal(decimal number)
    {
        var bits = decimal.GetBits(number);
        _cbor.WriteStartArray(4);
        _cbor.WriteInt32(RecordCode.Decimal);
        _cbor.WriteInt32((bits[3] >> 16) & 0xFF);
        _cbor.WriteInt32(bits[3] < 0 ? 1 : 0);
        _cbor.WriteByteString(Bytes(12, destination =>
        {
            BinaryPrimitives.WriteInt32BigEndian(destination, bits[2]);
            BinaryPrimitives.WriteInt32BigEndian(destination[4..], bits[1]);
            BinaryPrimitives.WriteInt32BigEndian(destination[8..], bits[0]);
        }));
        _cbor.WriteEndArray();
    }

    private void WriteText(string text)
    {
        if (IsWellFormed(text))
        {
            _cbor.WriteTextString(text);
            return;
        }

        WriteCoded(RecordCode.Utf16, Bytes(2 * text.Length, destination =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(destination[(2 * i)..], text[i]);
            }
        }));
    }

    /// <summary>Half a surrogate pair has no UTF-8.</summary>
    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    return false;
                }

                i++;
            }
        }

        return true;
    }

    private void WriteUri(Uri uri)
    {
        _cbor.WriteStartArray(3);
        _cbor.WriteInt32(RecordCode.Uri);
        WriteText(uri.OriginalString);
        _cbor.WriteInt32(uri.IsAbsoluteUri ? 1 : 0);
        _cbor.WriteEndArray();
    }

    private void WriteAddress(IPAddress address)
    {
        _cbor.WriteStartArray(3);
        _cbor.WriteInt32(RecordCode.IPAddress);
        _cbor.WriteByteString(address.GetAddressBytes());
        _cbor.WriteInt64(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? address.ScopeId : 0);
        _cbor.WriteEndArray();
    }

    private void WriteEnum(RecordEnum member)
    {
        _cbor.WriteStartArray(4);
        _cbor.WriteInt32(RecordCode.Enum);
        WriteText(member.TypeName);
        if (member.Number >= 0)
        {
            _cbor.WriteUInt64((ulong)member.Number);
        }
        else
        {
            _cbor.WriteInt64((long)member.Number);
        }

        WriteText(member.Text);
        _cbor.WriteEndArray();
    }
}
