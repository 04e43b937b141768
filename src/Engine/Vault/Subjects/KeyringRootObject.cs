using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>What of a root everybody may read: the register names it by hash, which vouches for all of it.</summary>
/// <param name="Folded">The additions that are taken in: they count no more, wherever a copy of them turns up.</param>
internal sealed record KeyringRootObject(ObjectHeader Header, ObjectId? Replaces, IReadOnlySet<ObjectId> Folded, ReadOnlyMemory<byte> Sealed)
{
    internal const int MaxFolded = 200_000;

    /// <exception cref="VaultException">KeyringDamaged: missing, or not the one that the register names.</exception>
    internal static async Task<KeyringRootObject> ReadAsync(UnlockedVault vault, KeyringRoot named, CancellationToken cancellationToken)
    {
        var name = ObjectNames.KeyringObject(ObjectNames.KeyringRoots, named.Id);
        try
        {
            return await vault.Store.TryReadAsync(
                name,
                SignedObject.MaxBytes,
                stored => ContentHash.Of(stored.Bytes.Span) == named.Hash
                    ? Decode(SignedObject.Parse(stored.Bytes), vault.Id, named.Id)
                    : throw new IntegrityException(FaultCodes.FrameTampered, "It is not the one that the register names."),
                cancellationToken) ?? throw new VaultException(FaultCodes.KeyringDamaged, $"The keyring's root '{name}' is missing on {vault.Target.DisplayName}.");
        }
        catch (IntegrityException exception)
        {
            throw new VaultException(FaultCodes.KeyringDamaged, $"The keyring's root '{name}' is refused: {exception.Message}", exception);
        }
    }

    /// <summary>Which root this one was made to replace, as a member signed it; null where it was the first, is not there, or is none.</summary>
    /// <inheritdoc cref="ObjectStore.TryJudgeAsync{T}"/>
    internal static async Task<ObjectId?> TryReadBaseAsync(UnlockedVault vault, ObjectId root, CancellationToken cancellationToken) =>
        (await vault.Store.TryJudgeAsync(
            ObjectNames.KeyringObject(ObjectNames.KeyringRoots, root),
            SignedObject.MaxBytes,
            stored =>
            {
                var signed = SignedObject.Parse(stored.Bytes);
                _ = signed.Verify(vault.Register);
                return Decode(signed, vault.Id, root);
            },
            cancellationToken))?.Replaces;

    internal static byte[] Build(UnlockedVault vault, in ObjectHeader header, ObjectId? replaces, IReadOnlyCollection<ObjectId> folded, ReadOnlySpan<byte> sealedMap)
    {
        if (folded.Count > MaxFolded)
        {
            throw new ArgumentException("A root names at most 200,000 additions.", nameof(folded));
        }

        var writer = new CborMapWriter(capacityBytes: sealedMap.Length + (folded.Count * 40) + 512).BeginMap().Key(0);
        vault.Register.Head.Write(writer);
        if (replaces is { } replaced)
        {
            writer.Key(1).Id(replaced.Value);
        }

        var body = writer.Key(2).Array([.. folded.Select(static id => id.Value).Order()], static (writer, id) => writer.Id(id)).Key(3).Bytes(sealedMap).EndMap().Encode();
        return SignedObject.Build(header, body, vault.SelfKey);
    }

    private static KeyringRootObject Decode(SignedObject signed, VaultId vault, ObjectId id)
    {
        signed.Header.Expect(ObjectKind.Keyring, vault, id);
        RegisterHead? register = null;
        ObjectId? replaces = null;
        ObjectId[]? folded = null;
        ReadOnlyMemory<byte>? map = null;
        var reader = CborMapReader.OfMap(signed.Body, $"keyring root {id}");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: replaces = new ObjectId(reader.ReadId()); break;
                case 2: folded = reader.ReadArray(MaxFolded, static item => new ObjectId(item.ReadId())); break;
                case 3: map = reader.ReadBytes(SignedObject.MaxBodyBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        _ = reader.Required(register, "the register head");
        return new KeyringRootObject(signed.Header, replaces, reader.Required(folded, "the list of additions").ToHashSet(), reader.Required(map, "the leaves"));
    }
}

/// <summary>What a root seals: where each bucket's leaf lies, and under which key. Wiped on disposal.</summary>
internal sealed class KeyringMap : IDisposable
{
    internal const int SlotBytes = sizeof(uint) + (3 * Id256.SizeBytes);
    internal const int MaxBits = 16;

    private readonly OwnedBuffer _slots;

    private KeyringMap(uint generation, int bits, long keyCount, OwnedBuffer slots)
    {
        Generation = generation;
        Bits = bits;
        KeyCount = keyCount;
        _slots = slots;
    }

    internal uint Generation { get; }

    /// <summary>There are two to the power of it buckets.</summary>
    internal int Bits { get; }

    internal long KeyCount { get; }

    internal int Count => _slots.LengthBytes / SlotBytes;

    internal static uint BucketOf(Id256 pseudonymOrDomain, int bits) => bits == 0 ? 0 : (uint)(pseudonymOrDomain.A >> (64 - bits));

    internal static uint BucketOf(ReadOnlySpan<byte> record, int bits) => bits == 0 ? 0 : (uint)(BinaryPrimitives.ReadUInt64BigEndian(record) >> (64 - bits));

    internal static void WriteSlot(Span<byte> slot, uint bucket, ObjectId leaf, ReadOnlySpan<byte> nodeKey, ContentHash hash)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(slot, bucket);
        leaf.Value.CopyTo(slot[sizeof(uint)..]);
        nodeKey.CopyTo(slot[(sizeof(uint) + Id256.SizeBytes)..]);
        hash.Value.CopyTo(slot[(sizeof(uint) + (2 * Id256.SizeBytes))..]);
    }

    internal static uint BucketAt(ReadOnlySpan<byte> slot) => BinaryPrimitives.ReadUInt32LittleEndian(slot);

    internal static ObjectId LeafAt(ReadOnlySpan<byte> slot) => new(Id256.Read(slot.Slice(sizeof(uint), Id256.SizeBytes)));

    internal static ReadOnlySpan<byte> NodeKeyAt(ReadOnlySpan<byte> slot) => slot.Slice(sizeof(uint) + Id256.SizeBytes, SecretKey.SizeBytes);

    internal static ContentHash HashAt(ReadOnlySpan<byte> slot) => new(Id256.Read(slot.Slice(sizeof(uint) + (2 * Id256.SizeBytes), Id256.SizeBytes)));

    /// <summary>The slots of a bucket: none where it has no keys, several where they are very many.</summary>
    internal (int Start, int End) RangeOf(uint bucket)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = BucketAt(At(middle)) < bucket ? (middle + 1, high) : (low, middle);
        }

        for (high = low; high < Count && BucketAt(At(high)) == bucket; high++)
        {
        }

        return (low, high);
    }

    internal ReadOnlySpan<byte> At(int index) => _slots.Span.Slice(index * SlotBytes, SlotBytes);

    /// <param name="slots">Joined, ascending by bucket.</param>
    internal static byte[] Seal(in ObjectHeader header, RootKey epochKey, uint generation, int bits, long keyCount, ReadOnlySpan<byte> slots)
    {
        var writer = new CborMapWriter(capacityBytes: slots.Length + 128);
        var plain = writer.BeginMap(4).Key(0).UInt(generation).Key(1).Int(bits).Key(2).Int(keyCount).Key(3).Bytes(slots).EndMap().Encode();
        writer.Wipe();
        try
        {
            return SealedBlob.Seal(new ObjectKey(epochKey.Bytes, header, SealPurpose.Keyring), plain);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Null when this is not the erasure-epoch key of the root.</summary>
    /// <exception cref="IntegrityException">FrameTampered, Malformed.</exception>
    internal static KeyringMap? TryOpen(KeyringRootObject root, RootKey epochKey)
    {
        using var plain = SealedBlob.TryOpen(new ObjectKey(epochKey.Bytes, root.Header, SealPurpose.Keyring), root.Sealed.Span, SignedObject.MaxBodyBytes);
        if (plain is null)
        {
            return null;
        }

        uint? generation = null;
        int? bits = null;
        long? count = null;
        ReadOnlyMemory<byte>? slots = null;
        var reader = CborMapReader.OfMap(plain.Memory, $"keyring root {root.Header.Object}");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: generation = reader.ReadUInt32(); break;
                case 1: bits = reader.ReadInt32(MaxBits); break;
                case 2: count = reader.ReadCount(); break;
                case 3: slots = reader.ReadBytes(SignedObject.MaxBodyBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var joined = reader.Required(slots, "the leaves").Span;
        reader.Check(joined.Length % SlotBytes == 0, "its leaves are not whole");
        for (var at = SlotBytes; at < joined.Length; at += SlotBytes)
        {
            reader.Check(BucketAt(joined[(at - SlotBytes)..]) <= BucketAt(joined[at..]), "its leaves are not in order");
        }

        return new KeyringMap(reader.Required(generation, "the generation"), reader.Required(bits, "the buckets"), reader.Required(count, "the number of keys"), OwnedBuffer.CopyOf(joined));
    }

    public void Dispose() => _slots.Dispose();
}
