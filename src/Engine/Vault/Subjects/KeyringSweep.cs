using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Says which objects of the keyring are of no use to anybody any more. Goes by what they say of themselves, never by clocks; and by nothing that a line may have changed, since what is deleted for
/// it may be the only key of all subjects.
/// </summary>
internal sealed class KeyringSweep(UnlockedVault vault, StoredKeyring standing)
{
    private readonly ObjectId _root = standing.Root.Header.Object;
    private readonly HashSet<ObjectId> _leaves = LeavesOf(standing.Map);

    /// <returns>Null where it cannot be told: the object came otherwise each time that it was read.</returns>
    internal async Task<bool?> IsDeadAsync(ObjectStat stat, CancellationToken cancellationToken)
    {
        foreach (var folder in (string[])[ObjectNames.KeyringAdditions, ObjectNames.KeyringLeaves, ObjectNames.KeyringRoots, ObjectNames.KeyringEpochs])
        {
            if (ObjectNames.TryParseId(stat.Name, folder, out var id))
            {
                try
                {
                    return await IsDeadAsync(folder, new ObjectId(id), stat, cancellationToken);
                }
                catch (TargetException exception) when (exception.Fault == TargetFault.Garbled)
                {
                    vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{stat.Name}' is left to the next sweep: {exception.Message}", exception.Code));
                    return null;
                }
            }
        }

        // No part of the vault.
        return false;
    }

    private async Task<bool> IsDeadAsync(string folder, ObjectId id, ObjectStat stat, CancellationToken cancellationToken) => folder switch
    {
        ObjectNames.KeyringAdditions => standing.Root.Folded.Contains(id),
        ObjectNames.KeyringLeaves => !_leaves.Contains(id) && await BaseOfLeafAsync(stat.Name, cancellationToken) != _root,
        ObjectNames.KeyringRoots => id != _root && await KeyringRootObject.TryReadBaseAsync(vault, id, cancellationToken) != _root,
        _ => stat.Name != standing.Epoch && await IsEpochDeadAsync(stat.Name, cancellationToken),
    };

    private static HashSet<ObjectId> LeavesOf(KeyringMap map)
    {
        var leaves = new HashSet<ObjectId>();
        for (var i = 0; i < map.Count; i++)
        {
            leaves.Add(KeyringMap.LeafAt(map.At(i)));
        }

        return leaves;
    }

    /// <summary>Null for what is none, or is gone. Nothing vouches for it.</summary>
    private async Task<ObjectId?> BaseOfLeafAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var first = await TryReadPrefaceAsync(name, cancellationToken);
        var second = await TryReadPrefaceAsync(name, cancellationToken);
        return first.AsSpan().SequenceEqual(second)
            ? second is null ? null : SubjectLeaf.BaseOf(second)
            : throw new TargetException(TargetFault.Garbled, $"'{name}' was read twice from {vault.Target.DisplayName}, and came otherwise each time.");
    }

    private async Task<byte[]?> TryReadPrefaceAsync(ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            var preface = new byte[SubjectLeaf.PrefaceBytes];
            await vault.Target.Uncached.ReadAsync(name, 0, preface, cancellationToken);
            return preface;
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.NotFound or TargetFault.OutOfRange)
        {
            return null;
        }
    }

    private async Task<bool> IsEpochDeadAsync(ObjectName name, CancellationToken cancellationToken) =>
        await ErasureEpoch.TryReadRootAsync(vault, name, cancellationToken) is not { } root
        || (root != _root && await KeyringRootObject.TryReadBaseAsync(vault, root, cancellationToken) != _root);
}
