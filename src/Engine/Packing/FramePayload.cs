using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>From a frame's plaintext back to the chunk: inner seal off, then decompressed to exactly the announced length.</summary>
internal static class FramePayload
{
    /// <param name="payload">Taken over, and disposed unless it is itself the result.</param>
    /// <param name="subject">Wanted where the entry is sealed under a subject's key.</param>
    /// <returns>The chunk's plaintext, which the caller now owns.</returns>
    /// <exception cref="IntegrityException">FrameTampered, DecompressionMismatch.</exception>
    /// <exception cref="KeyException">SubjectKeyMissing.</exception>
    internal static OwnedBuffer Unpack(
        OwnedBuffer payload, in PackEntry entry, VaultId vault, SubjectDomain? subject, ChunkKeys keys)
    {
        if (entry.Sealing == ChunkSealing.Subject)
        {
            payload = OpenInner(payload, entry, vault, subject);
        }

        if (entry.Compression == CompressionId.Stored && payload.LengthBytes == entry.PlainBytes)
        {
            return payload;
        }

        using (payload)
        {
            var plain = keys.Rent(entry.PlainBytes);
            try
            {
                keys.Compressors.Get(entry.Compression).Decompress(payload.Span, plain.Span);
                return plain;
            }
            catch
            {
                plain.Dispose();
                throw;
            }
        }
    }

    private static OwnedBuffer OpenInner(OwnedBuffer payload, in PackEntry entry, VaultId vault, SubjectDomain? subject)
    {
        using (payload)
        {
            var record = OwnedBuffer.Rent(payload.LengthBytes - SubjectSeal.OverheadBytes);
            try
            {
                if (subject is not null
                    && SubjectSeal.TryOpen(subject.Key, ClaimOf(entry, vault, subject.Id), payload.Span, record.Span))
                {
                    return record;
                }
            }
            catch
            {
                record.Dispose();
                throw;
            }

            record.Dispose();
            throw new KeyException(
                FaultCodes.SubjectKeyMissing,
                subject is null ? $"No key is at hand for the subject of chunk {entry.Chunk}." : $"The key at hand for domain {subject.Id} is not that of chunk {entry.Chunk}.");
        }
    }

    internal static SubjectClaim ClaimOf(in PackEntry entry, VaultId vault, DomainId domain) =>
        new(vault, domain, entry.Chunk, (byte)entry.Compression, (uint)entry.PlainBytes);
}
