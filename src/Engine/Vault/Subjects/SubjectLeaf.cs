using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>The keys of one bucket, about 150; where there are very many, some of them. Wiped on disposal.</summary>
internal sealed record SubjectLeaf(uint Bucket, IReadOnlyList<DataSetId> DataSets, SubjectRecords Keys) : IDisposable
{
    /// <summary>A leaf that is longer could never be read again.</summary>
    internal const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>So many keys and data sets always fit.</summary>
    internal const int MaxKeys = 100_000;

    internal const int MaxDataSets = ushort.MaxValue;

    /// <summary>So much of a leaf says which root it was made to replace.</summary>
    internal const int PrefaceBytes = ObjectHeader.SizeBytes + Id256.SizeBytes;

    internal DataSetId DataSetOf(ReadOnlySpan<byte> record) => DataSets[SubjectRecord.PlaceOf(record)];

    public void Dispose() => Keys.Dispose();

    /// <summary>The root that this leaf's first root was made to replace, zero for none; nothing vouches for it.</summary>
    /// <param name="preface">The first <see cref="PrefaceBytes"/> bytes of the object.</param>
    internal static ObjectId BaseOf(ReadOnlySpan<byte> preface) => new(Id256.Read(preface[ObjectHeader.SizeBytes..PrefaceBytes]));

    /// <summary>The whole object.</summary>
    internal static byte[] Seal(in ObjectHeader header, ObjectId replaced, ReadOnlySpan<byte> nodeKey, uint bucket, IReadOnlyCollection<DataSetId> dataSets, ReadOnlySpan<byte> records)
    {
        var writer = new CborMapWriter(capacityBytes: records.Length + (dataSets.Count * 40) + 64);
        var plain = writer.BeginMap(3).Key(0).UInt(bucket).Key(1).Array(dataSets, static (writer, id) => writer.Id(id.Value)).Key(2).Bytes(records).EndMap().Encode();
        writer.Wipe();
        var bytes = new byte[PrefaceBytes + SealedBlob.SealedBytesOf(plain.Length)];
        if (bytes.Length > MaxBytes)
        {
            throw new ArgumentException("A leaf has at most 16 MiB.", nameof(records));
        }

        header.Write(bytes);
        replaced.Value.CopyTo(bytes.AsSpan(ObjectHeader.SizeBytes));
        SealedBlob.Seal(new ObjectKey(nodeKey, header, SealPurpose.Keyring), plain, bytes.AsSpan(PrefaceBytes));
        CryptographicOperations.ZeroMemory(plain);
        return bytes;
    }

    /// <param name="slot">As the root says.</param>
    /// <exception cref="IntegrityException">Not what the root names, or malformed.</exception>
    internal static SubjectLeaf Open(VaultId vault, ReadOnlySpan<byte> slot, int bits, ReadOnlyMemory<byte> bytes)
    {
        if (ContentHash.Of(bytes.Span) != KeyringMap.HashAt(slot))
        {
            throw new IntegrityException(FaultCodes.FrameTampered, "It is not the one that the keyring's root names.");
        }

        var header = ObjectHeader.Read(bytes.Span);
        header.Expect(ObjectKind.Keyring, vault, KeyringMap.LeafAt(slot));
        using var plain = SealedBlob.TryOpen(new ObjectKey(KeyringMap.NodeKeyAt(slot), header, SealPurpose.Keyring), bytes.Span[PrefaceBytes..], MaxBytes)
            ?? throw new IntegrityException(FaultCodes.FrameTampered, "It is sealed under another key than the keyring's root names.");
        return Decode(plain.Memory, KeyringMap.BucketAt(slot), bits);
    }

    private static SubjectLeaf Decode(ReadOnlyMemory<byte> plain, uint expected, int bits)
    {
        uint? bucket = null;
        DataSetId[]? dataSets = null;
        ReadOnlyMemory<byte>? joined = null;
        var reader = CborMapReader.OfMap(plain, "leaf of the keyring");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: bucket = reader.ReadUInt32(); break;
                case 1: dataSets = reader.ReadArray(MaxDataSets, static item => new DataSetId(item.ReadId())); break;
                case 2: joined = reader.ReadBytes(MaxBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        reader.Check(reader.Required(bucket, "the bucket") == expected, "it is of another bucket");
        var known = reader.Required(dataSets, "the data sets");
        var keys = SubjectRecords.Take(OwnedBuffer.CopyOf(reader.Required(joined, "the keys").Span), "leaf of the keyring");
        for (var i = 0; i < keys.Count; i++)
        {
            if (SubjectRecord.PlaceOf(keys[i]) >= known.Length || KeyringMap.BucketOf(keys[i], bits) != expected)
            {
                keys.Dispose();
                throw reader.Malformed("a key is of another bucket, or of no data set");
            }
        }

        return new SubjectLeaf(expected, known, keys);
    }
}
