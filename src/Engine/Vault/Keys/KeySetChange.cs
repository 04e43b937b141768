using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>One change of what opens an owner's keys, from the first object to the last deletion.</summary>
/// <param name="staying">This owner's keys that go on; the one in use is the first.</param>
internal sealed class KeySetChange(UnlockedVault owner, IReadOnlyList<VaultKey> staying, NewUnlocker? added)
{
    /// <summary>A further unlocker to the bundle that is there.</summary>
    internal async Task<KeyChange> ExtendAsync(CancellationToken cancellationToken)
    {
        var access = owner.Access!;
        var fresh = added!.Seal(owner.Id, owner.Self, owner.Now, access.BundleKey);

        // Of an earlier version's vault the unlockers were never named; they are from now on.
        var named = new List<NamedUnlocker>();
        foreach (var key in staying)
        {
            if (key.Named != default)
            {
                named.Add(key.Named);
            }
            else if (await TryNameAsync(key, cancellationToken) is { } taken)
            {
                named.Add(taken);
            }
        }

        await fresh.StoreAsync(owner.Store, cancellationToken);

        // A crash here leaves an unlocker that nobody names and no reader looks at.
        var append = await AppendOrDeleteAsync(
            new OwnerBundleNamed(owner.Self, access.Bundle) { Unlockers = [.. named, fresh.Named] }, [ObjectNames.Unlocker(fresh.Id)], cancellationToken);
        return new KeyChange(append, KeyOf(fresh));
    }

    /// <summary>A new bundle key, under which the owner's keys are sealed again, and unlockers to it for all that stays.</summary>
    internal async Task<KeyChange> LockAnewAsync(CancellationToken cancellationToken)
    {
        var bundleKey = RootKey.Create();
        try
        {
            var renewed = staying.Select(key => Renew(key, bundleKey)).ToList();
            var fresh = added?.Seal(owner.Id, owner.Self, owner.Now, bundleKey);
            List<SealedUnlocker> unlockers = fresh is null ? renewed : [.. renewed, fresh];
            var bundle = ObjectId.Random();
            foreach (var unlocker in unlockers)
            {
                await unlocker.StoreAsync(owner.Store, cancellationToken);
            }

            await owner.Store.PutAsync(ObjectNames.Bundle(bundle), owner.BundleNow().Seal(owner.Id, bundle, bundleKey), cancellationToken);

            // A crash up to here leaves objects that nobody names; the old keys still open. From the entry on only the new ones do.
            var append = await AppendOrDeleteAsync(
                new OwnerBundleNamed(owner.Self, bundle) { Unlockers = [.. unlockers.Select(static unlocker => unlocker.Named)] },
                [.. unlockers.Select(static unlocker => ObjectNames.Unlocker(unlocker.Id)), ObjectNames.Bundle(bundle)],
                cancellationToken);
            if (!append.IsPending)
            {
                owner.TakeAccess(new OwnerAccess(bundle, new RootKey(bundleKey.Bytes), (staying.Count > 0 && staying[0].IsInUse ? staying[0].Unlocker : null) ?? owner.Access!.Unlocker));
                await DeleteRetiredAsync(cancellationToken);
            }

            return new KeyChange(append, fresh is null ? null : KeyOf(fresh));
        }
        finally
        {
            bundleKey.Dispose();
        }
    }

    private static SealedUnlocker Renew(VaultKey key, RootKey bundleKey)
    {
        if (key.Unlocker is not { } unlocker)
        {
            throw new KeyException(FaultCodes.UnlockerMissing, $"The key {key.Id} cannot be read, so it cannot be carried over; bring its object back, or remove it in the same step.");
        }

        var (id, bytes) = unlocker.Renew(bundleKey);
        return new SealedUnlocker(id, bytes);
    }

    /// <summary>
    /// Vouches for an unlocker that nothing named so far. None of the earlier version has a wrapping key: one that has may be the storage's own, and once it were named, later
    /// bundle keys would be sealed to it. Judged on the very bytes that are named.
    /// </summary>
    private async Task<NamedUnlocker?> TryNameAsync(VaultKey key, CancellationToken cancellationToken)
    {
        var id = key.Unlocker!.Header.Object;
        var name = ObjectNames.Unlocker(id);
        var stored = await owner.Store.ReadAsync(name, Unlocker.MaxBytes, cancellationToken);
        if (stored.Read(item => Unlocker.Read(item.Bytes, owner.Id, id)).Wrapping is null)
        {
            return new NamedUnlocker(id, ContentHash.Of(stored.Bytes.Span));
        }

        owner.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The unlocker '{name}' is not taken up: it has a wrapping key that nobody vouches for.", FaultCodes.UnlockerUnusable));
        return null;
    }

    private async Task<RegisterAppend> AppendOrDeleteAsync(OwnerBundleNamed change, IReadOnlyList<ObjectName> fresh, CancellationToken cancellationToken)
    {
        try
        {
            return await owner.AppendAsync([change], cancellationToken);
        }
        catch (Exception exception) when (RegisterAppend.IsCertainlyNot(exception))
        {
            await DeleteAsync(fresh, cancellationToken);
            throw;
        }
    }

    /// <summary>All that earlier entries named and this state does not: also what a crash left of an earlier change. The change stands, whatever fails here.</summary>
    private async Task DeleteRetiredAsync(CancellationToken cancellationToken)
    {
        // Of an earlier version's vault the removed ones were never named. They open the old bundle alone.
        var kept = owner.Register.Unlockers[owner.Self].Select(static unlocker => unlocker.Id).ToHashSet();
        var retired = owner.Register.RetiredKeys.Union(Unnamed.Where(id => !kept.Contains(id)));
        foreach (var folder in new[] { ObjectNames.Unlockers, ObjectNames.Bundles })
        {
            try
            {
                var stats = await owner.Store.ListAsync(folder, name => ObjectNames.TryParseId(name, folder, out var id) && retired.Contains(new ObjectId(id)), cancellationToken);
                await DeleteAsync([.. stats.Select(static stat => stat.Name)], cancellationToken);
            }
            catch (TargetException exception)
            {
                Remains(folder, exception);
            }
        }
    }

    /// <summary>Unlockers of this owner that the register did not name when the change began.</summary>
    internal IReadOnlyList<ObjectId> Unnamed { private get; init; } = [];

    private async Task DeleteAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            try
            {
                await owner.Target.DeleteAsync(name, cancellationToken);
            }
            catch (TargetException exception)
            {
                Remains(name.Value, exception);
            }
        }
    }

    private void Remains(string what, TargetException exception) =>
        owner.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{what}' could not be deleted: {exception.Message}", FaultCodes.OldKeyRemains));

    private VaultKey KeyOf(SealedUnlocker fresh) => VaultKey.Of(Unlocker.Read(fresh.Bytes, owner.Id, fresh.Id), fresh.Named, owner);
}
