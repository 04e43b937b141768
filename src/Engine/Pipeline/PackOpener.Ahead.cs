using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What is asked for before it is wanted: over a line each answer takes its time, however little is asked.</summary>
internal sealed partial class PackOpener
{
    private readonly Queue<AskedRange> _asked = new();
    private PackId? _refused;

    /// <summary>
    /// Asks for a range that <see cref="LoadAsync"/> will want, by who is done with what was read before; what is wrong with it shows there. In the order in which they will be wanted.
    /// </summary>
    internal void Ask(PackRecord pack, ByteRange range, CancellationToken cancellationToken)
    {
        if (range.Offset + range.LengthBytes <= pack.LengthBytes)
        {
            Forget(MaxKeptBytes);
            _asked.Enqueue(AskNow(pack, range, cancellationToken));
        }
    }

    /// <summary>Waits for what was asked for and is not wanted any more.</summary>
    internal async ValueTask DropAskedAsync()
    {
        while (_asked.TryDequeue(out var asked))
        {
            await asked.DropAsync();
        }
    }

    private AskedRange AskNow(PackRecord pack, ByteRange range, CancellationToken cancellationToken)
    {
        var (start, end) = Aligned(range, pack.LengthBytes);
        var opens = !_open.ContainsKey(pack.Id) && _refused != pack.Id && !LoadedRange.HoldsPrologue(start, end) && !_asked.Any(before => before.Pack == pack.Id);
        var prologue = opens ? OwnedBuffer.RentForSealed(PackReader.PrologueBytes) : null;
        return new AskedRange(pack.Id, start, end, ReadAlignedAsync(Target, pack, range, prologue, cancellationToken));
    }

    /// <summary>What was asked for and covers the range, if anything does. What was asked for before it is not wanted any more.</summary>
    private async ValueTask<AskedRange?> TakeAskedAsync(PackRecord pack, ByteRange range)
    {
        if (!_asked.Any(asked => asked.Covers(pack.Id, range)))
        {
            return null;
        }

        while (!_asked.Peek().Covers(pack.Id, range))
        {
            await _asked.Dequeue().DropAsync();
        }

        return _asked.Dequeue();
    }

    /// <summary>A range on its way.</summary>
    private sealed record AskedRange(PackId Pack, long Start, long End, Task<LoadedRange> Bytes)
    {
        public bool Covers(PackId pack, ByteRange range) => Pack == pack && Start <= range.Offset && range.Offset + range.LengthBytes <= End;

        public async ValueTask DropAsync()
        {
            await ((Task)Bytes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Bytes.IsCompletedSuccessfully)
            {
                (await Bytes).Dispose();
            }
        }
    }
}
