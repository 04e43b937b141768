using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Compares an entry of a snapshot with what stands on the disk: attributes first; contents, when asked, by cutting and naming the bytes as a backup would, so that nothing is
/// fetched from the vault.
/// </summary>
internal sealed class ContentComparer : IDisposable
{
    private readonly CompareOptions _options;
    private readonly ContentWriter _writer;

    internal ContentComparer(UnlockedVault vault, CompareOptions options)
    {
        _options = options;
        _writer = new ContentWriter(vault.CreateChunker(), new NamingStore(vault), ChunkClass.Data, null);
    }

    /// <summary>For two of one kind.</summary>
    internal async ValueTask<EntryAspects> BetweenAsync(ListedEntry was, SourceEntry now, CancellationToken cancellationToken)
    {
        var aspects = MetadataComparison.Between(was.Metadata, now.Metadata);
        try
        {
            aspects |= await HasOtherAttributesAsync(was, now.Metadata, cancellationToken) ? EntryAspects.ExtendedAttributes : EntryAspects.None;
            aspects |= await HasOtherStreamsAsync(was, now, cancellationToken) ? EntryAspects.Streams : EntryAspects.None;
            if (_options.ReadsContent && !aspects.HasFlag(EntryAspects.Content)
                && was.Metadata.Kind == EntryKind.File && now.Metadata.Kind == EntryKind.File
                && !await IsSameAsync(was.Content, now.Open, cancellationToken))
            {
                aspects |= EntryAspects.Content;
            }
        }
        catch (SourceFaultException unreadable)
        {
            await _writer.ResetAsync();
            _options.OnFault(new EntryFault(unreadable.Fault.Code, unreadable.Fault.Path, unreadable.Fault.Message));
        }
        finally
        {
            await _writer.SettleAsync();
        }

        return aspects;
    }

    public void Dispose() => _writer.Dispose();

    private async ValueTask<bool> HasOtherAttributesAsync(ListedEntry was, EntryMetadata now, CancellationToken cancellationToken)
    {
        var small = now.ExtendedAttributes.Where(static attribute => attribute.Value.Length <= ListedEntry.MaxInlineAttributeBytes).ToList();
        var large = now.ExtendedAttributes.Where(static attribute => attribute.Value.Length > ListedEntry.MaxInlineAttributeBytes).ToList();
        if (large.Count != was.LargeAttributes.Count
            || !small.Select(static attribute => (attribute.Name, attribute.Value)).SequenceEqual(
                was.Metadata.ExtendedAttributes.Select(static attribute => (attribute.Name, attribute.Value)), SameBytes.Instance))
        {
            return true;
        }

        foreach (var (before, after) in was.LargeAttributes.Zip(large))
        {
            if (!before.Name.AsSpan().SequenceEqual(after.Name) || before.SizeBytes != after.Value.Length)
            {
                return true;
            }

            await _writer.WriteAsync(after.Value, cancellationToken);
            if (!EntryComparison.IsSame(before.Content, await _writer.FinishAsync(cancellationToken)))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> HasOtherStreamsAsync(ListedEntry was, SourceEntry now, CancellationToken cancellationToken)
    {
        if (was.Streams.Count != now.Metadata.AlternateStreams.Count)
        {
            return true;
        }

        foreach (var (before, after) in was.Streams.Zip(now.Metadata.AlternateStreams))
        {
            if (!before.Name.AsSpan().SequenceEqual(after.Name) || before.SizeBytes != after.SizeBytes
                || (_options.ReadsContent && !await IsSameAsync(before.Content, () => now.OpenStream(after), cancellationToken)))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> IsSameAsync(ContentRef was, Func<SourceContent> open, CancellationToken cancellationToken)
    {
        using var content = open();
        await _writer.ResetAsync();
        for (int count; (count = content.Read(_writer.Free.Span)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _options.Counters.AddBytesRead(count);
            await _writer.AdvanceAsync(count, cancellationToken);
        }

        return EntryComparison.IsSame(was, await _writer.FinishAsync(cancellationToken));
    }

    /// <summary>Stores nothing and tells what the vault would call it.</summary>
    private sealed class NamingStore(UnlockedVault vault) : IChunkStore
    {
        private readonly Crypto.ChunkIdKey _key = vault.Keys.ChunkId;

        public int MaxPageBytes { get; } = vault.Register.Parameters.PackSizeBytes / 2;

        public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
        {
            using (plain)
            {
                return ValueTask.FromResult(_key.IdOf(DomainId.Vault, plain.Span));
            }
        }
    }

    private sealed class SameBytes : IEqualityComparer<(byte[] Name, byte[] Value)>
    {
        public static SameBytes Instance { get; } = new();

        public bool Equals((byte[] Name, byte[] Value) x, (byte[] Name, byte[] Value) y) =>
            x.Name.AsSpan().SequenceEqual(y.Name) && x.Value.AsSpan().SequenceEqual(y.Value);

        public int GetHashCode((byte[] Name, byte[] Value) obj) => obj.Name.Length;
    }
}
