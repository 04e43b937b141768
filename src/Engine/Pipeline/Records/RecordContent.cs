using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>The records in the content of one entry.</summary>
/// <param name="owner">Whose they must be, by the record of the key that opens them; null where no subject's key does.</param>
internal sealed class RecordContent(UnlockedVault vault, ListedEntry entry, IChunkFetcher chunks, SubjectPseudonym? owner)
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

    /// <summary>
    /// A content that calls itself another's than its key would put one customer's records into another's package; and a key that a thief planted under another name would bring back whoever was
    /// erased.
    /// </summary>
    private void TakeHead(ReadOnlyMemory<byte> head)
    {
        Subject = RecordFraming.DecodeHead(head);
        SubjectPseudonym? named = Subject is null ? null : vault.Keys.PseudonymOf(Subject);
        if (named != owner || entry.Domain.IsVault != (named is null))
        {
            throw new IntegrityException(FaultCodes.RecordMalformed, "It says that it belongs to somebody else than the domain that it is sealed in.");
        }
    }
}
