using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Security.Cryptography;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>Who knows the keys of subjects.</summary>
public interface ISubjectKeys
{
    /// <summary>The key of a domain, still its owner's; null when it was destroyed or is not known.</summary>
    SubjectKey? Find(DomainId domain);
}

/// <summary>What a worker opens chunks with, one for each thread; everything stays its owner's.</summary>
/// <param name="ChunkIds">Proves that a chunk is the one its id names.</param>
/// <param name="Subjects">Keys of subject domains, where any are at hand.</param>
public sealed record ChunkKeys(ChunkIdKey ChunkIds, CompressorCatalog Compressors, ISubjectKeys? Subjects = null)
{
    /// <summary>Where a worker that opens one chunk after the other keeps its buffers.</summary>
    internal BufferShelf? Shelf { get; init; }

    internal OwnedBuffer Rent(int lengthBytes) => Shelf?.Rent(lengthBytes) ?? OwnedBuffer.Rent(lengthBytes);
}

/// <summary>
/// Opens chunks of one pack, in any order, with the vault's private key. Needs only the pack's first <see cref="PrologueBytes"/> bytes and each
/// chunk's own. Not thread-safe: one for each pack and thread.
/// </summary>
public sealed class PackReader : IDisposable
{
    /// <summary>How much of a pack's start <see cref="Open"/> wants.</summary>
    public const int PrologueBytes = PackLayout.PrologueBytes;

    private readonly ObjectHeader _header;
    private readonly FrameOpener _opener;
    private readonly ChunkKeys _keys;

    private PackReader(in ObjectHeader header, FrameOpener opener, ChunkKeys keys)
    {
        _header = header;
        _opener = opener;
        _keys = keys;
    }

    public PackId Id => new(_header.Object.Value);

    public uint Epoch => _header.Epoch;

    /// <summary>Reads the header that starts a pack, so that the identity of its epoch can be fetched.</summary>
    /// <exception cref="IntegrityException">NotAnObject, ObjectMisplaced.</exception>
    /// <exception cref="VaultException">UnsupportedFormat.</exception>
    public static ObjectHeader ReadHeader(VaultId vault, PackId id, ReadOnlySpan<byte> prologue)
    {
        var header = ObjectHeader.Read(prologue);
        header.Expect(ObjectKind.Pack, vault, new ObjectId(id.Value));
        return header;
    }

    /// <param name="header">As <see cref="ReadHeader"/> gave it.</param>
    /// <param name="prologue">The pack's first <see cref="PrologueBytes"/> bytes.</param>
    /// <param name="identity">The vault's private key of the header's epoch.</param>
    /// <exception cref="IntegrityException">NotAnObject: cut short. PackSealBroken: not sealed to this identity, or changed.</exception>
    public static PackReader Open(in ObjectHeader header, ReadOnlySpan<byte> prologue, IdentityKey identity, ChunkKeys keys)
    {
        if (prologue.Length < PrologueBytes)
        {
            throw new IntegrityException(FaultCodes.NotAnObject, $"Pack {header.Object} is cut short.");
        }

        return TryOpenFrames(header, prologue, identity, out var opener)
            ? new PackReader(header, opener, keys)
            : throw new IntegrityException(FaultCodes.PackSealBroken, $"Pack {header.Object} does not open with the vault's key of epoch {header.Epoch}.");
    }

    /// <summary>A chunk's plaintext, proven to be the one its id names.</summary>
    /// <param name="domain">Whose chunk it is: the vault's own, or a subject's.</param>
    /// <param name="sealedFrame">The bytes at the entry's place.</param>
    /// <returns>The plaintext, which the caller now owns.</returns>
    /// <exception cref="IntegrityException">PackMalformed, FrameTampered, DecompressionMismatch, ChunkMismatch.</exception>
    /// <exception cref="KeyException">SubjectKeyMissing.</exception>
    public OwnedBuffer OpenChunk(in PackEntry entry, DomainId domain, ReadOnlySpan<byte> sealedFrame)
    {
        RequireSealing(entry, domain);
        return Prove(entry, domain, OpenFrame(entry, sealedFrame));
    }

    /// <inheritdoc cref="OpenChunk(in PackEntry, DomainId, ReadOnlySpan{byte})"/>
    /// <param name="checksum">XXH3 of the frame's plaintext, taken before it was unpacked and proven.</param>
    public OwnedBuffer OpenChunk(in PackEntry entry, DomainId domain, ReadOnlySpan<byte> sealedFrame, out ulong checksum)
    {
        RequireSealing(entry, domain);
        var payload = OpenFrame(entry, sealedFrame);
        checksum = XxHash3.HashToUInt64(payload.Span);
        return Prove(entry, domain, payload);
    }

    /// <summary>
    /// The frame's plaintext as it was sealed: compressed, and with its inner seal. For moving a chunk to another pack, and for
    /// checking a subject's frame without the subject's key.
    /// </summary>
    /// <returns>The payload, which the caller now owns.</returns>
    /// <exception cref="IntegrityException">PackMalformed, FrameTampered.</exception>
    public OwnedBuffer OpenFrame(in PackEntry entry, ReadOnlySpan<byte> sealedFrame)
    {
        entry.Require(Id, PackSize.MaxBytes);
        if (sealedFrame.Length != entry.FrameBytes)
        {
            throw new ArgumentException($"The frame has {entry.FrameBytes} bytes, {sealedFrame.Length} were given.", nameof(sealedFrame));
        }

        Span<byte> claim = stackalloc byte[PackLayout.ClaimBytes];
        PackLayout.WriteClaim(entry, claim);
        var payload = _keys.Rent(entry.PayloadBytes);
        try
        {
            _opener.Open((ulong)entry.Frame, isLast: false, claim, sealedFrame, payload.Span);
            return payload;
        }
        catch
        {
            payload.Dispose();
            throw;
        }
    }

    public void Dispose() => _opener.Dispose();

    private void RequireSealing(in PackEntry entry, DomainId domain)
    {
        if (domain.IsVault == (entry.Sealing == ChunkSealing.Subject))
        {
            throw new IntegrityException(FaultCodes.ChunkMismatch, $"Chunk {entry.Chunk} in pack {Id} is not sealed as one of domain {domain}.");
        }
    }

    /// <summary>Unpacks a payload, which is taken over.</summary>
    private OwnedBuffer Prove(in PackEntry entry, DomainId domain, OwnedBuffer payload)
    {
        var key = domain.IsVault ? null : _keys.Subjects?.Find(domain);
        var plain = FramePayload.Unpack(payload, entry, _header.Vault, key is null ? null : new SubjectDomain(domain, key), _keys);
        if (_keys.ChunkIds.IdOf(domain, plain.Span) == entry.Chunk)
        {
            return plain;
        }

        plain.Dispose();
        throw new IntegrityException(FaultCodes.ChunkMismatch, $"What lies in pack {Id} as chunk {entry.Chunk} is other content.");
    }

    private static bool TryOpenFrames(
        in ObjectHeader header, ReadOnlySpan<byte> prologue, IdentityKey identity, [NotNullWhen(true)] out FrameOpener? opener)
    {
        opener = null;
        Span<byte> secret = stackalloc byte[XWing.SecretBytes];
        try
        {
            return identity.TryDecapsulate(prologue.Slice(PackLayout.KemAt, XWing.CiphertextBytes), secret)
                && FrameOpener.TryCreate(
                    new ObjectKey(secret, header, SealPurpose.Pack),
                    prologue.Slice(PackLayout.CommitmentAt, ObjectKey.CommitmentBytes),
                    out opener);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}
