using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What changes of owners' keys left behind: objects of a change that broke off or lost its race, and those of one whose last signature another owner gave.</summary>
internal static class KeyTidying
{
    /// <summary>A change whose machine fell asleep half way must find its objects when it goes on: the entry that names them would lock its owner out.</summary>
    private static readonly TimeSpan LongestChange = TimeSpan.FromDays(30);

    /// <summary>
    /// Unlockers and bundles that the register does not name and no change that waits: those that it named once, where they were stored before <paramref name="settled"/>, and those that
    /// it never named, after a month. None where an owner's unlockers were never named
    /// (version 0.1): there, what the register does not name may be the only way in; and none while its last entry may be damaged. For owners alone: whoever else deletes keys might do so by a register that was put back.
    /// </summary>
    internal static async Task<IReadOnlyList<ObjectName>> LeftoversAsync(UnlockedVault vault, DateTimeOffset settled, CancellationToken cancellationToken)
    {
        if (vault.Register.Find(vault.Self) is not { IsRevoked: false } self || !self.Roles.HasFlag(MemberRoles.Owner))
        {
            return [];
        }

        var stats = new List<Targets.ObjectStat>();
        foreach (var folder in new[] { ObjectNames.Unlockers, ObjectNames.Bundles })
        {
            stats.AddRange(await vault.Store.ListAsync(folder, name => ObjectNames.TryParseId(name, folder, out _), cancellationToken));
        }

        var waiting = await PendingChanges.ListAsync(vault, cancellationToken);
        var register = vault.Register;
        if (vault.IsObstructed || register.Bundles.Keys.Any(owner => !register.Unlockers.ContainsKey(owner)))
        {
            return [];
        }

        var named = waiting.SelectMany(static change => change.Draft.Entry.Changes.OfType<OwnerBundleNamed>())
            .SelectMany(static change => NamesOf(change.Bundle, change.Unlockers ?? []))
            .Concat(register.Bundles.SelectMany(pair => NamesOf(pair.Value, register.Unlockers[pair.Key])))
            .ToHashSet();
        var retired = register.RetiredKeys.SelectMany(static id => new[] { ObjectNames.Unlocker(id), ObjectNames.Bundle(id) }).ToHashSet();
        return [.. stats.Where(stat => stat.StoreTime < settled - (retired.Contains(stat.Name) ? default : LongestChange) && !named.Contains(stat.Name)).Select(static stat => stat.Name)];
    }

    private static IEnumerable<ObjectName> NamesOf(ObjectId bundle, IReadOnlyList<NamedUnlocker> unlockers) =>
        unlockers.Select(static unlocker => ObjectNames.Unlocker(unlocker.Id)).Append(ObjectNames.Bundle(bundle));
}
