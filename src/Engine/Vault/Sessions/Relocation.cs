using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// Compaction moved chunks: reference sets that name an old pack are read as naming all the new ones that stand beside it here. All moves of one old pack stand in one relocation.
/// </summary>
public sealed record Relocation(RegisterHead Register, IReadOnlyList<(PackId Old, PackId New)> Moves, Timestamp Time)
{
    internal const int MaxMoves = 200_000;

    private const int DeadlineKey = 128;

    /// <summary>
    /// By when the store must have had it, by its own clock; null for no limit. Later, writers may have begun to use the old packs again, since the marker that kept them away was void:
    /// what they need of them was not moved.
    /// </summary>
    public Timestamp? Deadline { get; init; }

    /// <summary>The whole object, sealed and signed.</summary>
    public byte[] Seal(in ObjectHeader header, EpochKeys keys, SigningKey signer)
    {
        var moves = new CborMapWriter().Array(Moves, static (writer, move) => writer.BeginArray(2).Id(move.Old.Value).Id(move.New.Value).EndArray()).Encode();
        var writer = new CborMapWriter().BeginMap().Key(0);
        Register.Write(writer);
        writer.Key(1).Bytes(SealedBlob.Seal(new ObjectKey(keys.Index.Bytes, header, SealPurpose.Index), moves)).Key(2).Time(Time);
        if (Deadline is { } deadline)
        {
            writer.Key(DeadlineKey).Time(deadline);
        }

        return SignedObject.Build(header, writer.EndMap().Encode(), signer);
    }

    /// <exception cref="IntegrityException">What is no relocation of this vault, or not signed by a maintainer.</exception>
    /// <exception cref="KeyException">WrongKey.</exception>
    public static Relocation Open(StoredObject stored, UnlockedVault vault)
    {
        var relocation = Open(stored, vault, out var signer);
        return signer.IsRevoked
            ? throw new IntegrityException(FaultCodes.SignerNotEntitled, $"'{stored.Name}' is of {signer.Name}, who was revoked.")
            : relocation;
    }

    /// <param name="signer">May be revoked since.</param>
    internal static Relocation Open(StoredObject stored, UnlockedVault vault, out MemberEntry signer)
    {
        (var signed, signer) = SignedObject.Open(stored.Bytes, vault.Register, MemberRoles.Maintainer);
        signed.Header.Expect(
            ObjectKind.Relocation, vault.Id, ObjectNames.TryParseId(stored.Name, ObjectNames.Relocations, out var id) ? new ObjectId(id) : null);
        RegisterHead? register = null;
        ReadOnlyMemory<byte>? blob = null;
        Timestamp? time = null;
        Timestamp? deadline = null;
        var reader = CborMapReader.OfMap(signed.Body, $"relocation {signed.Header.Object}");
        while (reader.NextKey(out var key, DeadlineKey))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: blob = reader.ReadBytes(SignedObject.MaxBodyBytes); break;
                case 2: time = reader.ReadTime(); break;
                case DeadlineKey: deadline = reader.ReadTime(); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var indexKey = new ObjectKey(vault.KeysOf(signed.Header.Epoch).Index.Bytes, signed.Header, SealPurpose.Index);
        using var plain = SealedBlob.TryOpen(indexKey, reader.Required(blob, "the moves").Span, SignedObject.MaxBodyBytes)
            ?? throw new KeyException(FaultCodes.WrongKey, $"The relocation {signed.Header.Object} is not sealed with this vault's index key.");
        var moves = new CborMapReader(plain.Memory, $"moves of relocation {signed.Header.Object}").ReadArray(MaxMoves, ReadMove);
        return new Relocation(reader.Required(register, "the register head"), moves, reader.Required(time, "the time")) { Deadline = deadline };
    }

    private static (PackId Old, PackId New) ReadMove(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var move = (new PackId(reader.ReadId()), new PackId(reader.ReadId()));
        reader.EndArray();
        return move;
    }
}
