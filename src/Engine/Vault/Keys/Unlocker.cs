using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>How an unlocker's key is come by.</summary>
internal enum UnlockerKind
{
    Passphrase,
    KeyFile,
    Shares,
}

/// <summary>
/// One way to an owner's bundle key. Anybody who can write to the target can add or change unlockers: nothing here is believed until
/// the bundle key that it gives opens the bundle which the register names.
/// </summary>
/// <param name="Label">For people.</param>
internal sealed record Unlocker(ObjectHeader Header, UnlockerKind Kind, MemberId Owner, string Label, Timestamp CreatedAt)
{
    internal const int MaxBytes = 64 * 1024;
    internal const int MaxCount = 1024;
    private const int BodyAt = ObjectHeader.SizeBytes + sizeof(uint);

    /// <summary>For a passphrase alone.</summary>
    internal Argon2Parameters? Stretching { get; init; }

    internal ReadOnlyMemory<byte> Salt { get; init; }

    internal ReadOnlyMemory<byte> SealedKey { get; init; }

    internal static ReadOnlyMemory<byte> NewSalt() => RandomNumberGenerator.GetBytes(PassphraseKdf.SaltBytes);

    /// <summary>The whole object, ready to be stored.</summary>
    internal byte[] Seal(RootKey unlockingKey, RootKey bundleKey)
    {
        var writer = new CborMapWriter().BeginMap(6).Key(0).Text(NameOf(Kind)).Key(1);
        if (Stretching is { } stretching)
        {
            writer.BeginMap(4).Key(0).Text("argon2id").Key(1).Int(stretching.MemoryKiB).Key(2).Int(stretching.Passes).Key(3).Bytes(Salt.Span).EndMap();
        }
        else
        {
            writer.BeginMap(0).EndMap();
        }

        var body = writer.Key(2).Bytes(SealedBlob.Seal(new ObjectKey(unlockingKey.Bytes, Header, SealPurpose.Unlock), bundleKey.Bytes))
            .Key(3).Text(Label).Key(4).Time(CreatedAt).Key(5).Id(Owner.Value).EndMap().Encode();
        var bytes = new byte[BodyAt + body.Length];
        Header.Write(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ObjectHeader.SizeBytes), (uint)body.Length);
        body.CopyTo(bytes, BodyAt);
        return bytes;
    }

    internal static Unlocker Read(ReadOnlyMemory<byte> bytes, VaultId vault, ObjectId id)
    {
        var header = ObjectHeader.Read(bytes.Span);
        header.Expect(ObjectKind.Unlocker, vault, id);
        if (bytes.Length < BodyAt || BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[ObjectHeader.SizeBytes..]) != bytes.Length - BodyAt)
        {
            throw new IntegrityException(FaultCodes.Malformed, $"The unlocker {id} is cut short or something follows it.");
        }

        return Decode(header, bytes[BodyAt..]);
    }

    /// <returns>The bundle key; null when <paramref name="unlockingKey"/> does not fit.</returns>
    internal RootKey? TryOpen(RootKey unlockingKey)
    {
        using var plain = SealedBlob.TryOpen(new ObjectKey(unlockingKey.Bytes, Header, SealPurpose.Unlock), SealedKey.Span, SecretKey.SizeBytes);
        return plain is null ? null
            : plain.LengthBytes == SecretKey.SizeBytes ? new RootKey(plain.Span)
            : throw new IntegrityException(FaultCodes.Malformed, $"The unlocker {Header.Object} holds no key of 32 bytes.");
    }

    private static string NameOf(UnlockerKind kind) => kind switch
    {
        UnlockerKind.Passphrase => "passphrase",
        UnlockerKind.KeyFile => "key-file",
        UnlockerKind.Shares => "shares",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static Unlocker Decode(ObjectHeader header, ReadOnlyMemory<byte> body)
    {
        UnlockerKind? kind = null;
        Argon2Parameters? stretching = null;
        ReadOnlyMemory<byte> salt = default;
        ReadOnlyMemory<byte>? sealedKey = null;
        string? label = null;
        Timestamp? createdAt = null;
        MemberId? owner = null;
        var reader = CborMapReader.OfMap(body, $"unlocker {header.Object}");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: kind = ReadKind(reader); break;
                case 1 when kind == UnlockerKind.Passphrase: (stretching, salt) = ReadStretching(reader); break;
                case 1: reader.BeginMap(); reader.SkipRestOfMap(); break;
                case 2: sealedKey = reader.ReadBytes(MaxBytes); break;
                case 3: label = reader.ReadText(); break;
                case 4: createdAt = reader.ReadTime(); break;
                case 5: owner = new MemberId(reader.ReadId()); break;
                default: throw reader.UnknownKey(key);
            }
        }

        reader.Check(kind != UnlockerKind.Passphrase || stretching is not null, "it does not say how the passphrase is stretched");
        return new Unlocker(
            header,
            reader.Required(kind, "the kind"),
            reader.Required(owner, "the owner"),
            reader.Required(label, "the label"),
            reader.Required(createdAt, "the time"))
        {
            Stretching = stretching,
            Salt = salt,
            SealedKey = reader.Required(sealedKey, "the sealed key"),
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
}
