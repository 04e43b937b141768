using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What is new or changed is read, and read again when it changes meanwhile.</summary>
internal sealed partial class EntryChunker
{
    private const int MaxAttempts = 3;

    /// <summary>Waits for chunks on their way; at the end of the stage, however it ends.</summary>
    internal async ValueTask SettleAsync()
    {
        await _data.SettleAsync();
        await _identities.SettleAsync();
        if (_side.IsValueCreated)
        {
            await _side.Value.SettleAsync();
        }
    }

    /// <summary>What was read before its turn.</summary>
    private (ListedEntry? Listed, EntryIdentity Identity) Take(SourceEntry entry, EarlyFile file, CachedEntry? before)
    {
        foreach (var id in file.Content.Ids)
        {
            Remember(id);
        }

        CountBytes(file.Metadata.SizeBytes);
        CountFile(file.Fresh, before, file.AttributeFault);
        return (Listed(entry, file.Metadata) with { Content = file.Content }, file.Identity);
    }

    private async ValueTask<(ListedEntry? Listed, EntryIdentity Identity)> ReadFileAsync(SourceEntry entry, CachedEntry? before, CancellationToken cancellationToken)
    {
        var (listed, identity, attributeFault) = await ReadAsync(entry, cancellationToken);
        if (listed is not null)
        {
            CountFile(_fresh, before, attributeFault);
        }

        return (listed, identity);
    }

    private void CountFile(FreshTally fresh, CachedEntry? before, SourceFault? attributeFault)
    {
        fresh.Keep();
        Counts.CountRead(isKnownPath: before is not null);
        if (attributeFault is not null)
        {
            ReportAttributes(attributeFault);
        }
    }

    private void CountBytes(long count)
    {
        _parts.Counters.AddBytesRead(count);
        Counts.BytesRead += count;
    }

    private async ValueTask<(ListedEntry? Listed, EntryIdentity Identity, SourceFault? AttributeFault)> ReadAsync(SourceEntry entry, CancellationToken cancellationToken)
    {
        SourceFault? attributeFault = null;
        try
        {
            for (var attempt = 1; ; attempt++, _fresh.Drop())
            {
                using var content = entry.Open();
                attributeFault = content.AttributeFault;
                var read = await ReadContentAsync(_data, content, cancellationToken);
                if (content.IsUnchanged() && content.Metadata.SizeBytes == read.SizeBytes)
                {
                    return (Listed(entry, content.Metadata) with { Content = read.Content }, content.Identity, attributeFault);
                }

                if (attempt == MaxAttempts)
                {
                    Report(new SourceFault(FaultCodes.EntryChanged, entry.Path.ToString(), $"'{entry.Path}' changed each of the {MaxAttempts} times it was read; the backup holds what was read last."));
                    return (Listed(entry, content.Metadata with { SizeBytes = read.SizeBytes, Holes = [] }) with { Content = read.Content, ContentFault = FaultCodes.EntryChanged.ToString() }, content.Identity, attributeFault);
                }
            }
        }
        catch (SourceFaultException fault)
        {
            await _data.ResetAsync();
            _fresh.Drop();
            Report(fault.Fault);
            if (entry.Identity.LinkCount > 1)
            {
                _lostFirstNames.Add(entry.Path);
            }

            return (null, entry.Identity, null);
        }
    }

    private async ValueTask<(ContentRef Content, long SizeBytes)> ReadContentAsync(ContentWriter writer, SourceContent content, CancellationToken cancellationToken)
    {
        await writer.ResetAsync();
        for (int count; (count = content.Read(writer.Free.Span)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CountBytes(count);
            await writer.AdvanceAsync(count, cancellationToken);
        }

        var sizeBytes = writer.LengthBytes;
        return (await writer.FinishAsync(cancellationToken), sizeBytes);
    }
}
