using System.Buffers.Binary;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Records;

/// <summary>
/// A content of records: items, each behind its length, the first of them the content's head. The head says the version of the encoding and, where the
/// content is a subject's, the subject's name: it stands nowhere outside the subject's own seal.
/// </summary>
public static class RecordFraming
{
    public const int LengthBytes = sizeof(uint);

    private const int Version = 1;
    private const int VersionKey = 0;
    private const int SubjectKey = 1;

    /// <param name="subject">Null for a content in the vault's own domain.</param>
    public static byte[] EncodeHead(string? subject)
    {
        var writer = new CborMapWriter().BeginMap().Key(VersionKey).UInt(Version);
        return (subject is null ? writer : writer.Key(SubjectKey).Text(subject)).EndMap().Encode();
    }

    /// <returns>The subject; null for a content in the vault's own domain.</returns>
    public static string? DecodeHead(ReadOnlyMemory<byte> head)
    {
        string? subject = null;
        ulong? version = null;
        var reader = CborMapReader.OfMap(head, "head of a content of records");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case VersionKey: version = reader.ReadUInt64(); break;
                case SubjectKey: subject = reader.ReadText(RecordLimits.MaxSubjectBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return reader.Required(version, "the version") == Version ? subject : throw reader.Unsupported($"version {version}");
    }

    public static void WriteLength(Span<byte> destination, int length) => BinaryPrimitives.WriteInt32LittleEndian(destination, length);
}

/// <summary>Puts items together again that lie in any number of chunks; holds no more than one of them and what the last chunk left.</summary>
public sealed class RecordDeframer
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    /// <summary>Whether no item is begun: at the end of a content anything else is damage.</summary>
    public bool IsEmpty => _start == _end;

    /// <summary>Takes the next bytes of the content; first everything complete is to be taken out.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var held = _end - _start;
        if (_buffer.Length - _end < bytes.Length)
        {
            var grown = _buffer.Length - held >= bytes.Length ? _buffer : new byte[Math.Max(held + bytes.Length, Math.Min(2 * _buffer.Length, Array.MaxLength))];
            _buffer.AsSpan(_start, held).CopyTo(grown);
            (_buffer, _start, _end) = (grown, 0, held);
        }

        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>The next complete item, valid until the next <see cref="Append"/>.</summary>
    /// <exception cref="IntegrityException">RecordMalformed: an item claims to be longer than one may be.</exception>
    public bool TryTake(out ReadOnlyMemory<byte> item)
    {
        item = default;
        if (_end - _start < RecordFraming.LengthBytes)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(_start));
        if (length is 0 or > RecordLimits.MaxRecordBytes)
        {
            throw new IntegrityException(FaultCodes.RecordMalformed, $"A record claims to have {length} bytes.");
        }

        if (_end - _start - RecordFraming.LengthBytes < (int)length)
        {
            return false;
        }

        item = _buffer.AsMemory(_start + RecordFraming.LengthBytes, (int)length);
        _start += RecordFraming.LengthBytes + (int)length;
        return true;
    }

    /// <summary>Forgets what a content left, so that the next one can begin; what was held is overwritten.</summary>
    public void Reset()
    {
        _buffer.AsSpan(0, _end).Clear();
        (_start, _end) = (0, 0);
    }
}
