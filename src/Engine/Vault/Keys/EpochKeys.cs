using System.Text;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// The symmetric keys of one epoch as far as a member was granted them; asking for another gives KeyNotGranted. All but the index and
/// the metadata key stay the same from epoch to epoch, so that deduplication goes on.
/// </summary>
public sealed class EpochKeys : IDisposable
{
    private readonly ChunkIdKey? _chunkId;
    private readonly RootKey? _chunker;
    private readonly RootKey? _index;
    private readonly RootKey? _metadata;
    private readonly RootKey? _names;
    private readonly DerivedKey? _dataSets;
    private readonly DerivedKey? _references;
    private readonly DerivedKey? _subjects;

    /// <param name="keys">By their numbers in a grant.</param>
    private EpochKeys(uint epoch, ReadOnlyMemory<byte>?[] keys)
    {
        Epoch = epoch;
        _chunkId = keys[0] is { } chunkId ? new ChunkIdKey(chunkId.Span) : null;
        _chunker = RootOf(keys[1]);
        _index = RootOf(keys[2]);
        _metadata = RootOf(keys[3]);
        _names = RootOf(keys[4]);
        Identity = keys[5] is { } identity ? new IdentityKey(identity.Span) : null;
        _dataSets = _names is null ? null : DerivedKey.Derive(_names, "sb1/data-set"u8);
        _references = _names is null ? null : DerivedKey.Derive(_names, "sb1/refs"u8);
        _subjects = _names is null ? null : DerivedKey.Derive(_names, "sb1/bucket"u8);
    }

    public uint Epoch { get; }

    /// <summary>The vault's private key of the epoch, where the grant holds it: owners, and verifiers that may read.</summary>
    internal IdentityKey? Identity { get; private init; }

    /// <summary>The grant that these came with: another one for the same epoch replaces them.</summary>
    internal ObjectId? Grant { get; private init; }

    public ChunkIdKey ChunkId => _chunkId ?? throw NotGranted("chunk-id");

    public RootKey Chunker => _chunker ?? throw NotGranted("chunker");

    public RootKey Index => _index ?? throw NotGranted("index");

    public RootKey Metadata => _metadata ?? throw NotGranted("metadata");

    public RootKey Names => _names ?? throw NotGranted("names");

    /// <summary>The keyed hash that stands for a data set: of its name's NFC form.</summary>
    public DataSetId DataSetIdOf(string name) =>
        new((_dataSets ?? throw NotGranted("names")).HashOf(Encoding.UTF8.GetBytes(name.Normalize(NormalizationForm.FormC))));

    /// <summary>What stands for a subject wherever her name must not: of the one form of it, so that one person is one person on every system.</summary>
    /// <exception cref="RequestException">SubjectInvalid.</exception>
    public SubjectPseudonym PseudonymOf(string subject) => new((_subjects ?? throw NotGranted("names")).HashOf(Subjects.SubjectName.Encode(subject)));

    /// <summary>The id of a reference page with this plaintext.</summary>
    public ObjectId ReferencePageIdOf(ReadOnlySpan<byte> plain) => new((_references ?? throw NotGranted("names")).HashOf(plain));

    public void Dispose()
    {
        _chunkId?.Dispose();
        _chunker?.Dispose();
        _index?.Dispose();
        _metadata?.Dispose();
        _names?.Dispose();
        _dataSets?.Dispose();
        _references?.Dispose();
        _subjects?.Dispose();
        Identity?.Dispose();
    }

    /// <summary>Fresh keys for a new vault's first epoch.</summary>
    internal static EpochKeys Create(uint epoch)
    {
        using var secrets = OwnedBuffer.Rent(5 * SecretKey.SizeBytes);
        System.Security.Cryptography.RandomNumberGenerator.Fill(secrets.Span);
        return new EpochKeys(epoch, [.. Enumerable.Range(0, 5).Select(i => (ReadOnlyMemory<byte>?)secrets.Memory.Slice(i * SecretKey.SizeBytes, SecretKey.SizeBytes)), null]);
    }

    /// <summary>The keys of the next epoch: index and metadata key are fresh, and the vault's key pair; the others go on, so that deduplication does.</summary>
    internal EpochKeys Next()
    {
        using var secrets = OwnedBuffer.Rent(6 * SecretKey.SizeBytes);
        System.Security.Cryptography.RandomNumberGenerator.Fill(secrets.Span);
        ChunkId.Bytes.CopyTo(secrets.Span);
        Chunker.Bytes.CopyTo(secrets.Span[SecretKey.SizeBytes..]);
        Names.Bytes.CopyTo(secrets.Span[(4 * SecretKey.SizeBytes)..]);
        return new EpochKeys(Epoch + 1, [.. Enumerable.Range(0, 6).Select(i => (ReadOnlyMemory<byte>?)secrets.Memory.Slice(i * SecretKey.SizeBytes, SecretKey.SizeBytes))]);
    }

    /// <summary>Seals to a member what its roles give it: owners, writers and verifiers all, maintainers no chunk keys, auditors metadata and names alone.</summary>
    /// <param name="identity">The vault's private key of this epoch, for members who may read; null for others, and where the owner's bundle holds it.</param>
    internal KeyGrant GrantTo(MemberId member, RecipientKey sealingKey, MemberRoles roles, VaultId vault, IdentityKey? identity = null)
    {
        var id = ObjectId.Random();
        var isFull = (roles & (MemberRoles.Owner | MemberRoles.Writer | MemberRoles.Verifier)) != MemberRoles.None;
        var writer = new CborMapWriter(capacityBytes: 512).BeginMap((isFull ? 5 : roles.HasFlag(MemberRoles.Maintainer) ? 3 : 2) + (identity is null ? 0 : 1));
        if (isFull)
        {
            writer.Key(0).Bytes(ChunkId.Bytes).Key(1).Bytes(Chunker.Bytes);
        }

        if (isFull || roles.HasFlag(MemberRoles.Maintainer))
        {
            writer.Key(2).Bytes(Index.Bytes);
        }

        writer.Key(3).Bytes(Metadata.Bytes).Key(4).Bytes(Names.Bytes);
        if (identity is not null)
        {
            writer.Key(5).Bytes(identity.Bytes);
        }

        var plain = writer.EndMap().Encode();
        try
        {
            return new KeyGrant(member, Epoch, id, KemEnvelope.Seal(sealingKey, HeaderOf(vault, Epoch, id), SealPurpose.Grant, plain));
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(plain);
            writer.Wipe();
        }
    }

    /// <exception cref="KeyException">WrongKey: the grant is not sealed to this identity.</exception>
    internal static EpochKeys Open(KeyGrant grant, IdentityKey identity, VaultId vault)
    {
        using var plain = KemEnvelope.TryOpen(identity, HeaderOf(vault, grant.Epoch, grant.Id), SealPurpose.Grant, grant.Envelope.Span, CborMapReader.MaxTextBytes)
            ?? throw new KeyException(FaultCodes.WrongKey, $"The grant of epoch {grant.Epoch} is not sealed to this member.");
        var keys = new ReadOnlyMemory<byte>?[6];
        var reader = CborMapReader.OfMap(plain.Memory, $"grant of epoch {grant.Epoch}");
        while (reader.NextKey(out var key))
        {
            keys[key < keys.Length ? key : throw reader.UnknownKey(key)] = reader.ReadExactBytes(SecretKey.SizeBytes);
        }

        return new EpochKeys(grant.Epoch, keys) { Grant = grant.Id };
    }

    private static ObjectHeader HeaderOf(VaultId vault, uint epoch, ObjectId id) => new(ObjectKind.RegisterEntry, epoch, vault, id);

    private static RootKey? RootOf(ReadOnlyMemory<byte>? bytes) => bytes is { } key ? new RootKey(key.Span) : null;

    private KeyException NotGranted(string key) => new(FaultCodes.KeyNotGranted, $"This member holds no {key} key of epoch {Epoch}.");
}
