using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>What became of a change of an owner's keys.</summary>
/// <param name="Append">Whether the register entry stands, or waits for further owners: until then nothing has changed.</param>
/// <param name="Added">Null where nothing was added.</param>
public sealed record KeyChange(RegisterAppend Append, VaultKey? Added);

/// <summary>
/// The ways into an owner's keys: passphrases, key files, share sets. Every change is one register entry; before it stands, all is as it
/// was, and after it nothing old counts. Removing makes a fresh bundle key, a bundle under it, and an unlocker for each way that stays.
/// </summary>
public static class VaultKeys
{
    /// <summary>Those of all owners, in the order in which they were added. What is named and cannot be read is among them.</summary>
    public static async Task<IReadOnlyList<VaultKey>> ListAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        await vault.RefreshAsync(cancellationToken);
        var broken = new HashSet<ObjectName>();
        var read = await new UnlockerCatalog(vault.Store, vault.Register).ReadAsync((name, exception) => Warn(vault, broken, name, exception), cancellationToken);
        var named = vault.Register.Unlockers.SelectMany(static pair => pair.Value.Select(unlocker => (Owner: pair.Key, Named: unlocker))).ToDictionary(static item => item.Named.Id);
        var keys = read.Select(unlocker => VaultKey.Of(unlocker, named.GetValueOrDefault(unlocker.Header.Object).Named, vault))
            .Concat(named.Values.Where(item => broken.Contains(ObjectNames.Unlocker(item.Named.Id))).Select(item => VaultKey.Unreadable(item.Named, item.Owner, vault)));
        return [.. keys.Where(key => vault.Register.Find(key.Owner) is { IsRevoked: false }).OrderBy(static key => key.CreatedAt).ThenBy(static key => key.Id)];
    }

    /// <summary>The one of this owner's keys whose id begins so, or whose label this is.</summary>
    /// <exception cref="RequestException">NoSuchKey, AmbiguousKey.</exception>
    public static VaultKey Find(IReadOnlyList<VaultKey> keys, UnlockedVault owner, string idOrLabel)
    {
        var found = keys.Where(key => key.Owner == owner.Self
            && (string.Equals(key.Label, idOrLabel, StringComparison.Ordinal) || (idOrLabel.Length >= 4 && key.Id.ToString().StartsWith(idOrLabel, StringComparison.OrdinalIgnoreCase)))).ToList();
        return found switch
        {
            [var only] => only,
            [] => throw new RequestException(FaultCodes.NoSuchKey, $"This owner has no key '{idOrLabel}'."),
            _ => throw new RequestException(FaultCodes.AmbiguousKey, $"{found.Count} keys of this owner are called or begin with '{idOrLabel}'."),
        };
    }

    /// <param name="replaced">Ids or labels of keys that end with the same register entry.</param>
    /// <param name="passphrase">Still the caller's to dispose.</param>
    /// <exception cref="RequestException">EmptyPassphrase, PassphraseNotText, InvalidKeyLabel, TooManyKeys, NoSuchKey, AmbiguousKey.</exception>
    /// <exception cref="KeyException">NotAnOwner, KeysChangedMeanwhile, UnlockerNotRenewable, UnlockerMissing, UnlockerExchanged.</exception>
    /// <exception cref="VaultException">RegisterConflict: nothing was changed.</exception>
    public static async Task<KeyChange> AddPassphraseAsync(
        UnlockedVault owner, PassphraseCredential passphrase, string label, IReadOnlyList<string> replaced, Argon2Parameters stretching, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        using var added = NewUnlocker.Of(passphrase, stretching, VaultKey.RequireLabel(label));
        return await ChangeAsync(owner, added, replaced, cancellationToken);
    }

    /// <param name="path">Where the key file is written; must not exist.</param>
    /// <exception cref="RequestException">KeyFileExists, KeyFileNotWritable, and those of a passphrase.</exception>
    /// <inheritdoc cref="AddPassphraseAsync"/>
    public static async Task<KeyChange> AddKeyFileAsync(
        UnlockedVault owner, string path, string label, IReadOnlyList<string> replaced, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        await owner.RefreshAsync(cancellationToken);
        using var secret = RootKey.Create();
        using var added = NewUnlocker.Of(secret, VaultKey.RequireLabel(label));
        using var credential = new OwnerKeyCredential(owner.PinNow(), new RootKey(secret.Bytes));

        // The file comes first: a crash after it leaves a file that opens nothing, and says so when it is used.
        await CredentialFile.WriteAsync(path, credential, cancellationToken);
        return await OrTakeBackAsync(() => ChangeAsync(owner, added, replaced, cancellationToken), () => File.Delete(path));
    }

    /// <summary>Removes keys, and locks this owner's keys anew for those that stay. Whoever kept a copy of what was in the vault before can still open that copy.</summary>
    /// <param name="removed">Ids or labels.</param>
    /// <exception cref="RequestException">LastKey, NoSuchKey, AmbiguousKey.</exception>
    /// <inheritdoc cref="AddPassphraseAsync"/>
    public static Task<KeyChange> RemoveAsync(UnlockedVault owner, IReadOnlyList<string> removed, CancellationToken cancellationToken) =>
        ChangeAsync(owner, null, removed, cancellationToken);

    /// <summary>What cannot have been stored is taken back; after any other failure the entry may stand, and then it is needed.</summary>
    internal static async Task<KeyChange> OrTakeBackAsync(Func<Task<KeyChange>> change, Action takeBack)
    {
        try
        {
            return await change();
        }
        catch (Exception exception) when (RegisterAppend.IsCertainlyNot(exception))
        {
            takeBack();
            throw;
        }
    }

    internal static async Task<KeyChange> ChangeAsync(UnlockedVault owner, NewUnlocker? added, IReadOnlyList<string> removed, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        var keys = await ListAsync(owner, cancellationToken);
        var access = owner.Access ?? throw new KeyException(FaultCodes.NotAnOwner, "The vault was not opened with an owner's passphrase, key file or recovery shares.");
        if (owner.Register.Bundles.GetValueOrDefault(owner.Self) != access.Bundle)
        {
            throw new KeyException(FaultCodes.KeysChangedMeanwhile, "This owner's keys were locked anew by somebody else since the vault was opened.");
        }

        var gone = removed.Select(wanted => Find(keys, owner, wanted).Id).ToHashSet();
        var staying = keys.Where(key => key.Owner == owner.Self && !gone.Contains(key.Id)).OrderByDescending(static key => key.IsInUse).ToList();
        if (staying.Count == 0 && added is null)
        {
            throw new RequestException(FaultCodes.LastKey, "Nothing would be left that opens this owner's keys.");
        }

        if (staying.Count == OwnerBundleNamed.MaxUnlockers && added is not null && owner.Register.Unlockers.ContainsKey(owner.Self))
        {
            throw new RequestException(FaultCodes.TooManyKeys, $"This owner has {staying.Count} keys; there may be {OwnerBundleNamed.MaxUnlockers}.");
        }

        var change = new KeySetChange(owner, [.. staying.Take(OwnerBundleNamed.MaxUnlockers - (added is null ? 0 : 1))], added)
        {
            Unnamed = [.. keys.Where(key => key.Owner == owner.Self && key.Named == default).Select(static key => key.Unlocker!.Header.Object)],
        };
        return await (gone.Count == 0 ? change.ExtendAsync(cancellationToken) : change.LockAnewAsync(cancellationToken));
    }

    private static void Warn(UnlockedVault vault, HashSet<ObjectName> broken, ObjectName name, BackupException exception)
    {
        broken.Add(name);
        vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The unlocker '{name}' cannot be used: {exception.Message}", FaultCodes.UnlockerUnusable));
    }
}
