using System.Collections.Concurrent;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Has the packs of a check read, several at once, and takes what is found, one at a time. A compaction may overtake a long check: what took over from a pack is read in its
/// place, once for all that it took over from. From near by each reader has a thread of its own, since nobody there waits for anything but the disk, and the pool's threads are few; not in a run in the
/// background, which has the threads that it was given.
/// </summary>
internal sealed class PackReading(ReferencedPacks packs, PackVerifier check, PackAttestation attestation, ChunkIndex index, VerifyFaults faults) : IDisposable
{
    // Everything but the judging: the packs, the index and the faults are for one at a time.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly HashSet<PackId> _read = [];
    private readonly List<PackRecord> _successors = [];
    private bool _isBlocking;

    internal async Task RunAsync(VerifyTurn turn, CancellationToken cancellationToken)
    {
        _isBlocking = check.IsNear && TaskScheduler.Current == TaskScheduler.Default;
        for (IReadOnlyList<PackRecord> open = turn.Packs; open.Count > 0; open = TakeSuccessors())
        {
            var queue = new ConcurrentQueue<PackRecord>(open);
            using var readers = new StageGroup(cancellationToken);
            for (var i = 0; i < Math.Min(check.AtOnce, open.Count); i++)
            {
                if (_isBlocking)
                {
                    readers.StartBlocking(token => ReadAll(queue, token));
                }
                else
                {
                    readers.Start(token => ReadAllAsync(queue, token));
                }
            }

            await readers.WhenAllAsync();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Each pack begins on this thread, wherever the last one ended.</summary>
    private void ReadAll(ConcurrentQueue<PackRecord> queue, CancellationToken cancellationToken)
    {
        while (queue.TryDequeue(out var pack))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadAsync(pack, cancellationToken).GetAwaiter().GetResult();
        }
    }

    private async Task ReadAllAsync(ConcurrentQueue<PackRecord> queue, CancellationToken cancellationToken)
    {
        while (queue.TryDequeue(out var pack))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await ReadAsync(pack, cancellationToken);
        }
    }

    private async Task ReadAsync(PackRecord pack, CancellationToken cancellationToken)
    {
        foreach (var current in await CurrentAsync(pack, cancellationToken))
        {
            var verdict = await check.JudgeAsync(current, cancellationToken);
            await TakeTurnAsync(cancellationToken);
            try
            {
                await TakeAsync(verdict, cancellationToken);
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    /// <summary>Who waits for it stays on its thread, if that is its own.</summary>
    private Task TakeTurnAsync(CancellationToken cancellationToken)
    {
        if (!_isBlocking)
        {
            return _turn.WaitAsync(cancellationToken);
        }

        _turn.Wait(cancellationToken);
        return Task.CompletedTask;
    }

    private async Task<IReadOnlyList<PackRecord>> CurrentAsync(PackRecord pack, CancellationToken cancellationToken)
    {
        await TakeTurnAsync(cancellationToken);
        try
        {
            await packs.KeepUpAsync(index, cancellationToken);
            return [.. packs.Current(pack).Where(current => _read.Add(current.Id) && !faults.BrokenPacks.Contains(current.Id))];
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task TakeAsync(PackVerdict verdict, CancellationToken cancellationToken)
    {
        if (verdict.Table is { } table)
        {
            await attestation.AddAsync(verdict.Pack, table, cancellationToken);
            return;
        }

        if (verdict.IsGone)
        {
            // There at the last look: this computer has slept since, or somebody took it away.
            await packs.KeepUpAsync(index, cancellationToken);
            var successors = packs.Current(verdict.Pack).Where(next => next.Id != verdict.Pack.Id).ToList();
            _successors.AddRange(successors);
            if (successors.Count > 0)
            {
                return;
            }
        }

        faults.AddPack(verdict.Pack.Id, verdict.Damage!.Code, verdict.Damage.Message);
    }

    private List<PackRecord> TakeSuccessors()
    {
        var successors = _successors.ToList();
        _successors.Clear();
        return successors;
    }
}
