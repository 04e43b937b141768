using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>The records in the content of one entry.</summary>
/// <param name="expected">Whose they must be, where somebody's are looked for.</param>
internal sealed class RecordContent(UnlockedVault vault, ListedEntry entry, IChunkFetcher chunks, SubjectPseudonym? expected = null)
{
    /// <summary>Whose they are, as the content's head says; known with the first record.</summary>
    internal string? Subject { get; private set; }

    /// <summary>Each record, valid until the next.</summary>
    /// <exception cref="IntegrityException">ChunkMissing, ChunkUnreadable, ListingMalformed, RecordMalformed.</exception>
    internal async IAsyncEnumerable<ReadOnlyMemory<byte>> ItemsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var deframer = new RecordDeframer();
        try
        {
            var isHead = true;
            long length = 0;
            await foreach (var id in ContentReader.ChunksAsync(entry.Content, chunks, cancellationToken))
            {
                using (var chunk = await chunks.FetchAsync(id, cancellationToken))
                {
                    length = ContentLength.Add(length, chunk.LengthBytes, entry.Metadata.SizeBytes);
                    deframer.Append(chunk.Span);
                }

                while (deframer.TryTake(out var item))
                {
                    if (isHead)
                    {
                        TakeHead(item);
                        isHead = false;
                        continue;
                    }

                    yield return item;
                }
            }

            ContentLength.Require(length, entry.Metadata.SizeBytes);
            if (isHead || !deframer.IsEmpty)
            {
                throw new IntegrityException(FaultCodes.RecordMalformed, "Its last record has no end.");
            }
        }
        finally
        {
            deframer.Reset();
        }
    }

    /// <summary>A content that calls itself another's than its domain would put one customer's records into another's package.</summary>
    private void TakeHead(ReadOnlyMemory<byte> head)
    {
        Subject = RecordFraming.DecodeHead(head);
        var isRight = entry.Domain.IsVault ? Subject is null : Subject is not null && IsOf(vault.Keys.PseudonymOf(Subject));
        if (!isRight)
        {
            throw new IntegrityException(FaultCodes.RecordMalformed, "It says that it belongs to somebody else than the domain that it is sealed in.");
        }
    }

    /// <summary>A domain id begins with the first bytes of its subject's pseudonym.</summary>
    private bool IsOf(SubjectPseudonym named)
    {
        const int SharedBits = 24;
        return (expected is null || named == expected) && named.Value.A >> (64 - SharedBits) == entry.Domain.Value.A >> (64 - SharedBits);
    }
}
