using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Asks for all cold packs of a plan at once, and waits for none of them: that takes hours, and the same command may be given again when they are over.</summary>
public static class WarmUp
{
    private const int AtOnce = 8;

    /// <exception cref="TargetException"><c>Cold</c>: some cannot be read yet. They have been asked for now, or were before.</exception>
    public static async Task RequireReadableAsync(Target target, ColdPacks packs, WarmOptions options, CancellationToken cancellationToken)
    {
        var tally = new Tally();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(packs.Stats, parallel, async (pack, token) => tally.Add(pack, await target.WarmAsync(pack.Name, options with { Listed = pack }, token)));
        if (tally.Count > 0)
        {
            throw new TargetException(TargetFault.Cold, tally.Message(packs.MayBeMore)) { Remedy = "Give the same command again when they can be read: it goes on then, and asks for nothing twice." };
        }
    }

    /// <summary>What is not readable yet.</summary>
    private sealed class Tally
    {
        private readonly Lock _gate = new();
        private readonly SortedSet<string> _classes = new(StringComparer.Ordinal);
        private int _asked;
        private long _bytes;
        private TimeSpan? _within;

        public int Count { get; private set; }

        public void Add(ObjectStat pack, WarmReceipt receipt)
        {
            if (receipt.Access == ObjectAccess.Ready)
            {
                return;
            }

            lock (_gate)
            {
                Count++;
                _asked += receipt.IsNew ? 1 : 0;
                _bytes += pack.LengthBytes;
                _within = receipt.ReadyWithin > (_within ?? TimeSpan.Zero) ? receipt.ReadyWithin : _within;
                _classes.Add(pack.StorageClass ?? "an archive class");
            }
        }

        public string Message(bool mayBeMore) => string.Create(
            CultureInfo.InvariantCulture,
            $"{Count:N0} pack(s) of {_bytes:N0} bytes that are needed lie in {string.Join(", ", _classes)}: {_asked:N0} were asked for now, {Count - _asked:N0} before. ")
            + (_within is { } within ? $"They can be read within {Words(within)} at the longest." : "The store does not say when they can be read.")
            + (mayBeMore ? " What names the files lies there too, so that more may be needed then." : "");

        private static string Words(TimeSpan time) => time < TimeSpan.FromHours(1)
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMinutes)} minutes")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalHours)} hour(s)");
    }
}
