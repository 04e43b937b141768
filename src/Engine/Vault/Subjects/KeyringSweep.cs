using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Says which objects of the keyring are of no use to anybody any more. Goes by what they say of themselves, never by clocks.</summary>
internal sealed class KeyringSweep(UnlockedVault vault, StoredKeyring standing)
{
    private readonly ObjectId _root = standing.Root.Header.Object;
    private readonly HashSet<ObjectId> _leaves = LeavesOf(standing.Map);

    internal Task<bool> IsDeadAsync(ObjectStat stat, CancellationToken cancellationToken)
    {
        foreach (var folder in (string[])[ObjectNames.KeyringAdditions, ObjectNames.KeyringLeaves, ObjectNames.KeyringRoots, ObjectNames.KeyringEpochs])
        {
            if (ObjectNames.TryParseId(stat.Name, folder, out var id))
            {
                return IsDeadAsync(folder, new ObjectId(id), stat, cancellationToken);
            }
        }

        // No part of the vault.
        return Task.FromResult(false);
    }

    private async Task<bool> IsDeadAsync(string folder, ObjectId id, ObjectStat stat, CancellationToken cancellationToken) => folder switch
    {
        ObjectNames.KeyringAdditions => standing.Root.Folded.Contains(id),
        ObjectNames.KeyringLeaves => !_leaves.Contains(id) && await BaseOfLeafAsync(stat, cancellationToken) != _root,
        ObjectNames.KeyringRoots => id != _root && await BaseOfRootAsync(id, cancellationToken) != _root,
        _ => await IsEpochDeadAsync(stat, cancellationToken),
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

    private async Task<ObjectId?> BaseOfLeafAsync(ObjectStat stat, CancellationToken cancellationToken)
    {
        if (stat.LengthBytes < SubjectLeaf.PrefaceBytes)
        {
            return null;
        }

        try
        {
            var preface = new byte[SubjectLeaf.PrefaceBytes];
            await vault.Target.ReadAsync(stat.Name, 0, preface, cancellationToken);
            return SubjectLeaf.BaseOf(preface);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            return null;
        }
    }

    /// <summary>Null for the first root, and for what is none.</summary>
    private async Task<ObjectId?> BaseOfRootAsync(ObjectId root, CancellationToken cancellationToken)
    {
        try
        {
            return await KeyringRootObject.TryReadBaseAsync(vault, root, cancellationToken);
        }
        catch (BackupException exception) when (exception is IntegrityException or VaultException)
        {
            return null;
        }
    }

    private async Task<bool> IsEpochDeadAsync(ObjectStat stat, CancellationToken cancellationToken) =>
        await ErasureEpoch.TryReadRootAsync(vault, stat.Name, cancellationToken) is not { } root
        || (root != _root && await BaseOfRootAsync(root, cancellationToken) != _root);
}
