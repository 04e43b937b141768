using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>Entries in path order, as the walk found them, and the small files among them that are read before their turn.</summary>
internal sealed class EntryBatch(IReadOnlyList<SourceItem> items)
{
    private EarlyFile?[]? _files;
    private TaskCompletionSource? _whole;
    private int _openSlices;

    internal IReadOnlyList<SourceItem> Items { get; } = items;

    /// <summary>What was read and stored of an item's file; null where nothing was, for whatever reason. Known once the batch is whole.</summary>
    internal EarlyFile? FileOf(int item) => _files?[item];

    /// <summary>Before anybody else has the batch: how many slices of it will be read.</summary>
    internal void Expect(int slices)
    {
        if (slices > 0)
        {
            _openSlices = slices;
            _files = new EarlyFile?[Items.Count];
            _whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>From any thread, once for an item.</summary>
    internal void Add(int item, EarlyFile file) => _files![item] = file;

    internal void EndSlice()
    {
        if (Interlocked.Decrement(ref _openSlices) == 0)
        {
            _whole!.SetResult();
        }
    }

    /// <summary>Every slice of it was read.</summary>
    internal Task WhenWholeAsync(CancellationToken cancellationToken) => _whole is null ? Task.CompletedTask : _whole.Task.WaitAsync(cancellationToken);
}

/// <summary>A file that was read before its turn, as it was when it was open. Its content is on its way into the vault.</summary>
/// <param name="Fresh">What of it the last good snapshot did not hold; to be kept with the file.</param>
internal sealed record EarlyFile(EntryMetadata Metadata, EntryIdentity Identity, SourceFault? AttributeFault, ContentRef Content, FreshTally Fresh);
