using SecureBackup.Engine.Index;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stage 8: confirmed packs -> signed index segments. A segment is stored every GiB, 16,384 chunks or five minutes, so that a run of
/// weeks that breaks off loses minutes, and one of small files holds few entries in memory.
/// A crash between pack and segment leaves packs that no segment names: the next run adopts them.
/// </summary>
internal sealed class IndexCommitter(BackupChannels channels, UnlockedVault vault, ChunkIndex index, ChunkStore chunks)
{
    private const long MaxUncommittedBytes = 1L << 30;
    private const int MaxUncommittedChunks = 16_384;

    private static readonly TimeSpan MaxUncommittedTime = TimeSpan.FromMinutes(5);

    private readonly PageCache _pages = new(SegmentPageBytes);
    private readonly IndexSegmentBuilder _open = new();
    private long _openBytes;
    private long _lastCommit = vault.Time.GetTimestamp();

    /// <summary>Pages of the segments that this run writes are rarely asked for again.</summary>
    private const long SegmentPageBytes = 2 * 1024 * 1024;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var stored in channels.Stored.Reader.ReadAllAsync(cancellationToken))
        {
            chunks.Need(stored.Record.Id);
            await AddAsync(stored, cancellationToken);
            if (_openBytes >= MaxUncommittedBytes || _open.ChunkCount >= MaxUncommittedChunks || vault.Time.GetElapsedTime(_lastCommit) >= MaxUncommittedTime)
            {
                await CommitAsync(cancellationToken);
            }
        }

        await CommitAsync(cancellationToken);
    }

    /// <summary>Takes a pack into the index of this run. Packs of an interrupted run come the same way before the stages start.</summary>
    internal async ValueTask AddAsync(StoredPack stored, CancellationToken cancellationToken)
    {
        index.Place(stored.Record, stored.Entries);
        if (!_open.TryAdd(stored.Record, stored.Entries))
        {
            await CommitAsync(cancellationToken);
            _open.TryAdd(stored.Record, stored.Entries);
        }

        _openBytes += stored.Record.LengthBytes;
    }

    private async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (_open.ChunkCount == 0)
        {
            return;
        }

        var stored = await SegmentUpload.StoreAsync(vault, _open, SegmentSealings.Of(vault), cancellationToken);
        index.Commit(await stored.OpenAsync(vault, _pages, cancellationToken), _open.Packs.Select(pack => pack.Id));
        _open.Clear();
        _openBytes = 0;
        _lastCommit = vault.Time.GetTimestamp();
    }
}
