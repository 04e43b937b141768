using System.Runtime.CompilerServices;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench.Scale;

/// <summary>Shows the first so many of the made segments, and the packs that they name as if they were there: 25 TB of them need no disk.</summary>
internal sealed class PartialTarget(Target inner, IReadOnlyList<ObjectName> segments, long chunks) : DelegatingTarget(inner)
{
    private readonly HashSet<ObjectName> _shown = [.. segments];

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stat in Inner.ListAsync(prefix, cancellationToken))
        {
            if (!stat.Name.Value.StartsWith(IndexSegment.Prefix, StringComparison.Ordinal) || _shown.Contains(stat.Name))
            {
                yield return stat;
            }
        }

        if (string.Equals(prefix, ObjectNames.Packs, StringComparison.Ordinal))
        {
            for (var first = 0L; first < chunks; first += MadeChunks.ChunksPerPack)
            {
                yield return new ObjectStat(ObjectNames.Pack(MadeChunks.PackOf(first)), Engine.Packing.PackSize.DefaultBytes, DateTimeOffset.UnixEpoch);
            }
        }
    }
}
