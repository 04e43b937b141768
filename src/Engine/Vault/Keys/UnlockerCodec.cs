using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Unlockers to bytes and back.</summary>
internal static class UnlockerCodec
{
    private const int BodyAt = ObjectHeader.SizeBytes + sizeof(uint);

    /// <summary>A bundle key sealed to the wrapping key. Below 128: version 0.1, which cannot open it, says that it needs a newer one.</summary>
    private const int EnvelopeKey = 6;
    private const int WrappingKey = 128;
    private const int MaxShares = 16;
    private const int MaxIdentifier = (1 << 15) - 1;

    internal static byte[] Encode(Unlocker unlocker)
    {
        var writer = new CborMapWriter().BeginMap().Key(0).Text(NameOf(unlocker.Kind)).Key(1);
        WriteParameters(writer, unlocker);
        if (unlocker.Envelope.IsEmpty)
        {
            writer.Key(2).Bytes(unlocker.SealedKey.Span);
        }

        writer.Key(3).Text(unlocker.Label).Key(4).Time(unlocker.CreatedAt).Key(5).Id(unlocker.Owner.Value);
        if (!unlocker.Envelope.IsEmpty)
        {
            writer.Key(EnvelopeKey).Bytes(unlocker.Envelope.Span);
        }

        if (unlocker.Wrapping is { } wrapping)
        {
            writer.Key(WrappingKey).Bytes(wrapping.Bytes);
        }

        var body = writer.EndMap().Encode();
        var bytes = new byte[BodyAt + body.Length];
        unlocker.Header.Write(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ObjectHeader.SizeBytes), (uint)body.Length);
        body.CopyTo(bytes, BodyAt);
        return bytes;
    }

    internal static Unlocker Decode(ReadOnlyMemory<byte> bytes, VaultId vault, ObjectId id)
    {
        var header = ObjectHeader.Read(bytes.Span);
        header.Expect(ObjectKind.Unlocker, vault, id);
        if (bytes.Length < BodyAt || BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[ObjectHeader.SizeBytes..]) != bytes.Length - BodyAt)
        {
            throw new IntegrityException(FaultCodes.Malformed, $"The unlocker {id} is cut short or something follows it.");
        }

        return Decode(header, bytes[BodyAt..]);
    }

    private static string NameOf(UnlockerKind kind) => kind switch
    {
        UnlockerKind.Passphrase => "passphrase",
        UnlockerKind.KeyFile => "key-file",
        UnlockerKind.Shares => "shares",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static void WriteParameters(CborMapWriter writer, Unlocker unlocker)
    {
        writer.BeginMap();
        if (unlocker.Stretching is { } stretching)
        {
            writer.Key(0).Text("argon2id").Key(1).Int(stretching.MemoryKiB).Key(2).Int(stretching.Passes).Key(3).Bytes(unlocker.Salt.Span);
        }
        else if (unlocker.Shares is { } shares)
        {
            writer.Key(0).Int(shares.Threshold).Key(1).Int(shares.Count).Key(2).Int(shares.Identifier);
        }

        writer.EndMap();
    }

    private static Unlocker Decode(ObjectHeader header, ReadOnlyMemory<byte> body)
    {
        UnlockerKind? kind = null;
        Argon2Parameters? stretching = null;
        ShareSet? shares = null;
        RecipientKey? wrapping = null;
        ReadOnlyMemory<byte> salt = default;
        ReadOnlyMemory<byte>? sealedKey = null;
        ReadOnlyMemory<byte>? envelope = null;
        string? label = null;
        Timestamp? createdAt = null;
        MemberId? owner = null;
        var reader = CborMapReader.OfMap(body, $"unlocker {header.Object}");
        while (reader.NextKey(out var key, WrappingKey))
        {
            switch (key)
            {
                case 0: kind = ReadKind(reader); break;
                case 1 when kind == UnlockerKind.Passphrase: (stretching, salt) = ReadStretching(reader); break;
                case 1 when kind == UnlockerKind.Shares: shares = ReadShares(reader); break;
                case 1: reader.BeginMap(); reader.SkipRestOfMap(); break;
                case 2: sealedKey = reader.ReadBytes(Unlocker.MaxBytes); break;
                case 3: label = reader.ReadText(); break;
                case 4: createdAt = reader.ReadTime(); break;
                case 5: owner = new MemberId(reader.ReadId()); break;
                case EnvelopeKey: envelope = reader.ReadBytes(Unlocker.MaxBytes); break;
                case WrappingKey: wrapping = new RecipientKey(reader.ReadExactBytes(XWing.PublicBytes).Span); break;
                default: throw reader.UnknownKey(key);
            }
        }

        reader.Check(kind != UnlockerKind.Passphrase || stretching is not null, "it does not say how the passphrase is stretched");
        reader.Check(kind != UnlockerKind.Shares || shares is not null, "it does not say which shares open it");
        reader.Check(sealedKey is null != envelope is null, "it holds no sealed key, or two");
        return new Unlocker(
            header,
            reader.Required(kind, "the kind"),
            reader.Required(owner, "the owner"),
            reader.Required(label, "the label"),
            reader.Required(createdAt, "the time"))
        {
            Stretching = stretching,
            Salt = salt,
            Shares = shares,
            SealedKey = sealedKey ?? default,
            Envelope = envelope ?? default,
            Wrapping = wrapping,
        };
    }

    private static UnlockerKind ReadKind(CborMapReader reader) => reader.ReadText() switch
    {
        "passphrase" => UnlockerKind.Passphrase,
        "key-file" => UnlockerKind.KeyFile,
        "shares" => UnlockerKind.Shares,
        _ => throw reader.Unsupported("another kind of unlocker"),
    };

    private static (Argon2Parameters Stretching, ReadOnlyMemory<byte> Salt) ReadStretching(CborMapReader reader)
    {
        int? memory = null;
        int? passes = null;
        ReadOnlyMemory<byte>? salt = null;
        string? algorithm = null;
        reader.BeginMap();
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: algorithm = reader.ReadText(); break;
                case 1: memory = reader.ReadInt32(); break;
                case 2: passes = reader.ReadInt32(); break;
                case 3: salt = reader.ReadExactBytes(PassphraseKdf.SaltBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        if (reader.Required(algorithm, "the algorithm") is not "argon2id")
        {
            throw reader.Unsupported("another algorithm to stretch passphrases");
        }

        return (new Argon2Parameters(reader.Required(memory, "the memory"), reader.Required(passes, "the passes")), reader.Required(salt, "the salt"));
    }

    private static ShareSet ReadShares(CborMapReader reader)
    {
        int? threshold = null;
        int? count = null;
        int? identifier = null;
        reader.BeginMap();
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: threshold = reader.ReadInt32(MaxShares); break;
                case 1: count = reader.ReadInt32(MaxShares); break;
                case 2: identifier = reader.ReadInt32(MaxIdentifier); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var shares = new ShareSet(reader.Required(threshold, "the threshold"), reader.Required(count, "the count"), reader.Required(identifier, "the identifier"));
        reader.Check(shares.Threshold >= 1 && shares.Threshold <= shares.Count, "it takes more shares than there are");
        return shares;
    }
}
