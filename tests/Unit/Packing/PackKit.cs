using System.IO.Hashing;
using System.Security.Cryptography;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Packing;

/// <summary>Members by id, as a register would give them.</summary>
internal sealed class Roster : IMemberDirectory
{
    private readonly Dictionary<MemberId, MemberEntry> _members = [];

    public MemberEntry? Find(MemberId id) => _members.GetValueOrDefault(id);

    public SigningKey Enrol(string name, MemberRoles roles, bool isRevoked = false)
    {
        var key = SigningKey.Create();
        Set(key, name, roles, isRevoked);
        return key;
    }

    public void Set(SigningKey key, string name, MemberRoles roles, bool isRevoked = false) =>
        _members[key.Id] = new MemberEntry(key.Id, name, key.Public, roles) { IsRevoked = isRevoked };
}

/// <summary>Subject keys by domain.</summary>
internal sealed class Keyring : ISubjectKeys
{
    public Dictionary<DomainId, SubjectKey> Keys { get; } = [];

    public SubjectKey? Find(DomainId domain) => Keys.GetValueOrDefault(domain);

    public SubjectDomain Create()
    {
        var domain = new SubjectDomain(new DomainId(Id256.Random()), SubjectKey.Create());
        Keys[domain.Id] = domain.Key;
        return domain;
    }
}

/// <summary>The keys of one vault, and short ways to make packs and to open them.</summary>
internal sealed class PackKit : IDisposable
{
    public PackKit()
    {
        Writer = Members.Enrol("writer", MemberRoles.Writer);
        Keys = new ChunkKeys(ChunkIds, Compressors, Subjects);
    }

    public VaultId Vault { get; } = new(Id256.Random());

    public Roster Members { get; } = new();

    public SigningKey Writer { get; }

    public IdentityKey Identity { get; } = IdentityKey.Create();

    public RootKey IndexKey { get; } = RootKey.Create();

    public ChunkIdKey ChunkIds { get; } = new(RandomNumberGenerator.GetBytes(32));

    public CompressorCatalog Compressors { get; } = new();

    public Keyring Subjects { get; } = new();

    public ChunkKeys Keys { get; }

    public PackSealing Sealing(int packSizeBytes = 64 * 1024, SigningKey? writer = null) => new()
    {
        Vault = Vault,
        Epoch = 1,
        Recipient = Identity.Recipient,
        IndexKey = IndexKey,
        Writer = writer ?? Writer,
        PackSizeBytes = packSizeBytes,
    };

    public PackBuilder Builder(int packSizeBytes = 64 * 1024, SigningKey? writer = null) => new(Sealing(packSizeBytes, writer));

    public bool TryAdd(PackBuilder builder, byte[] plain, CompressionId compression = CompressionId.Stored, SubjectDomain? subject = null)
    {
        var domain = subject?.Id ?? DomainId.Vault;
        var payload = Payload(plain, compression, subject);
        var frame = new ChunkFrame
        {
            Chunk = ChunkIds.IdOf(domain, plain),
            PlainBytes = plain.Length,
            Compression = compression,
            Sealing = subject is null ? ChunkSealing.Direct : ChunkSealing.Subject,
            Payload = payload,
            Checksum = XxHash3.HashToUInt64(payload),
        };
        return builder.TryAdd(frame, out _);
    }

    /// <summary>A finished pack of these chunks, all stored uncompressed unless said.</summary>
    public FinishedPack Pack(IEnumerable<byte[]> chunks, CompressionId compression = CompressionId.Stored, bool isFull = false, SigningKey? writer = null)
    {
        using var builder = Builder(writer: writer);
        foreach (var chunk in chunks)
        {
            Assert.True(TryAdd(builder, chunk, compression));
        }

        return builder.Finish(isFull);
    }

    public byte[] Open(FinishedPack pack, PackEntry entry, DomainId domain = default) => Open(pack.Record.Id, pack.Bytes.Span, entry, domain);

    public byte[] Open(PackId id, ReadOnlySpan<byte> pack, PackEntry entry, DomainId domain = default)
    {
        using var reader = PackReader.Open(PackReader.ReadHeader(Vault, id, pack), pack, Identity, Keys);
        using var plain = reader.OpenChunk(entry, domain, pack.Slice(entry.OffsetBytes, entry.FrameBytes));
        return plain.Span.ToArray();
    }

    public PackCheck Check(ContentHash? sha256 = null, bool opensChunks = false) => new()
    {
        Vault = Vault,
        Members = Members,
        IndexKey = IndexKey,
        Sha256 = sha256,
        Identity = opensChunks ? Identity : null,
        Keys = opensChunks ? Keys : null,
    };

    public byte[] Payload(byte[] plain, CompressionId compression, SubjectDomain? subject)
    {
        var record = plain;
        if (compression == CompressionId.Zstd)
        {
            var buffer = new byte[plain.Length];
            Assert.True(Compressors.Get(compression).TryCompress(plain, buffer, out var written));
            record = buffer[..written];
        }

        if (subject is null)
        {
            return record;
        }

        var payload = new byte[record.Length + SubjectSeal.OverheadBytes];
        var claim = new SubjectClaim(Vault, subject.Id, ChunkIds.IdOf(subject.Id, plain), (byte)compression, (uint)plain.Length);
        SubjectSeal.Seal(subject.Key, claim, record, payload);
        return payload;
    }

    public void Dispose()
    {
        Writer.Dispose();
        Identity.Dispose();
        IndexKey.Dispose();
        ChunkIds.Dispose();
        Compressors.Dispose();
    }
}
