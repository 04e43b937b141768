using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What hangs on an entry besides its content.</summary>
internal sealed partial class EntryChunker
{
    /// <summary>Stores alternate streams and extended attributes that are too large to stand in the entry. Each run does, so their ids are not remembered.</summary>
    private async ValueTask<ListedEntry> WithSideContentsAsync(ListedEntry listed, SourceEntry entry, CancellationToken cancellationToken)
    {
        var large = listed.Metadata.ExtendedAttributes.Where(attribute => attribute.Value.Length > ListedEntry.MaxInlineAttributeBytes).ToList();
        var attributes = new List<NamedContent>(large.Count);
        foreach (var attribute in large)
        {
            await _side.Value.WriteAsync(attribute.Value, cancellationToken);
            attributes.Add(new NamedContent(attribute.Name, attribute.Value.Length, await _side.Value.FinishAsync(cancellationToken)));
            _fresh.Keep();
        }

        var streams = new List<NamedContent>(listed.Metadata.AlternateStreams.Count);
        foreach (var stream in listed.Metadata.AlternateStreams)
        {
            try
            {
                using var content = entry.OpenStream(stream);
                var read = await ReadContentAsync(_side.Value, content, cancellationToken);
                streams.Add(new NamedContent(stream.Name, read.SizeBytes, read.Content));
                _fresh.Keep();
            }
            catch (SourceFaultException fault)
            {
                await _side.Value.ResetAsync();
                _fresh.Drop();
                Report(fault.Fault);
            }
        }

        return large.Count == 0 && streams.Count == 0 ? listed : listed with
        {
            LargeAttributes = attributes,
            Streams = streams,
            Metadata = listed.Metadata with { ExtendedAttributes = [.. listed.Metadata.ExtendedAttributes.Except(large)] },
        };
    }
}
