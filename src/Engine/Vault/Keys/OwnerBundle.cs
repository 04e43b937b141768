using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What an owner holds, and what the register must agree with.</summary>
/// <param name="Head">The newest register head known when it was written.</param>
/// <param name="Identities">The vault's private keys, by epoch.</param>
internal sealed record OwnerBundle(
    ContentHash Genesis, RegisterHead Head, SigningKey Signing, IdentityKey Sealing, IReadOnlyDictionary<uint, IdentityKey> Identities) : IDisposable
{
    internal const int MaxBytes = 1024 * 1024;
    private const int MaxEpochs = 10_000;

    public void Dispose()
    {
        Signing.Dispose();
        Sealing.Dispose();
        foreach (var identity in Identities.Values)
        {
            identity.Dispose();
        }
    }

    /// <summary>The whole object, ready to be stored.</summary>
    internal byte[] Seal(VaultId vault, ObjectId id, RootKey bundleKey)
    {
        var writer = new CborMapWriter(capacityBytes: 512 + (Identities.Count * 64)).BeginMap(5).Key(0).Id(Genesis.Value).Key(1);
        Head.Write(writer);
        writer.Key(2).Bytes(Signing.Bytes).Key(3).Bytes(Sealing.Bytes)
            .Key(4).Array(
                [.. Identities.OrderBy(static pair => pair.Key)],
                static (writer, pair) => writer.BeginArray(2).UInt(pair.Key).Bytes(pair.Value.Bytes).EndArray())
            .EndMap();
        var plain = writer.Encode();
        writer.Wipe();
        var header = new ObjectHeader(ObjectKind.Bundle, 0, vault, id);
        var bytes = new byte[ObjectHeader.SizeBytes + SealedBlob.SealedBytesOf(plain.Length)];
        header.Write(bytes);
        SealedBlob.Seal(new ObjectKey(bundleKey.Bytes, header, SealPurpose.Bundle), plain, bytes.AsSpan(ObjectHeader.SizeBytes));
        CryptographicOperations.ZeroMemory(plain);
        return bytes;
    }

    /// <returns>Null when this is not the key that the bundle was sealed with.</returns>
    internal static OwnerBundle? TryOpen(ReadOnlySpan<byte> bytes, VaultId vault, ObjectId id, RootKey bundleKey)
    {
        var header = ObjectHeader.Read(bytes);
        header.Expect(ObjectKind.Bundle, vault, id);
        using var plain = SealedBlob.TryOpen(new ObjectKey(bundleKey.Bytes, header, SealPurpose.Bundle), bytes[ObjectHeader.SizeBytes..], MaxBytes);
        return plain is null ? null : Decode(plain.Memory);
    }

    /// <summary>Refuses keys that are not the register's: somebody swapped the register, the bundle or both.</summary>
    /// <exception cref="IntegrityException">BundleMismatch.</exception>
    /// <exception cref="VaultException">VaultRolledBack, VaultForked.</exception>
    internal void RequireMatch(RegisterState register)
    {
        var self = register.Members.GetValueOrDefault(Signing.Id);
        RequireMatch(Genesis == register.Genesis, "name another genesis entry");
        RequireMatch(self is not null && self.Entry.Roles.HasFlag(MemberRoles.Owner), "belong to nobody whom the register calls an owner");
        RequireMatch(self!.SealingKey.Equals(Sealing.Recipient), "hold another sealing key");
        foreach (var (epoch, vaultKey) in register.Epochs)
        {
            RequireMatch(
                Identities.TryGetValue(epoch, out var identity) ? identity.Recipient.Equals(vaultKey) : epoch > Identities.Keys.DefaultIfEmpty(0U).Max(),
                $"hold another vault key of epoch {epoch} than the register names");
        }

        RequireMatch(Identities.Keys.All(register.Epochs.ContainsKey), "hold the key of an epoch which the register does not know");
        register.Require(Head, "the owner's bundle");
    }

    private static void RequireMatch(bool isMatch, string difference)
    {
        if (!isMatch)
        {
            throw new IntegrityException(FaultCodes.BundleMismatch, $"The owner's keys {difference}.");
        }
    }

    private static OwnerBundle Decode(ReadOnlyMemory<byte> plain)
    {
        ContentHash? genesis = null;
        RegisterHead? head = null;
        ReadOnlyMemory<byte>? signing = null;
        ReadOnlyMemory<byte>? sealing = null;
        (uint Epoch, ReadOnlyMemory<byte> Seed)[]? identities = null;
        var reader = CborMapReader.OfMap(plain, "owner's bundle");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: genesis = new ContentHash(reader.ReadId()); break;
                case 1: head = RegisterHead.Read(reader); break;
                case 2: signing = reader.ReadExactBytes(SecretKey.SizeBytes); break;
                case 3: sealing = reader.ReadExactBytes(SecretKey.SizeBytes); break;
                case 4: identities = reader.ReadArray(MaxEpochs, ReadIdentity); break;
                default: throw reader.UnknownKey(key);
            }
        }

        reader.Check(identities is not null && identities.DistinctBy(static pair => pair.Epoch).Count() == identities.Length, "it lists no epochs, or one twice");
        return new OwnerBundle(
            reader.Required(genesis, "the genesis hash"),
            reader.Required(head, "the register head"),
            new SigningKey(reader.Required(signing, "the signing seed").Span),
            new IdentityKey(reader.Required(sealing, "the sealing seed").Span),
            identities.ToDictionary(static pair => pair.Epoch, static pair => new IdentityKey(pair.Seed.Span)));
    }

    private static (uint Epoch, ReadOnlyMemory<byte> Seed) ReadIdentity(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var identity = (reader.ReadUInt32(), reader.ReadExactBytes(SecretKey.SizeBytes));
        reader.EndArray();
        return identity;
    }
}
