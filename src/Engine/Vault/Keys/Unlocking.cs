using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>From a credential to a member's keys.</summary>
internal sealed class Unlocking(ObjectStore store, RegisterState register, UnlockContext context)
{
    /// <summary>Of so many owners the keys are asked for before it is known whose open; most vaults have one or two.</summary>
    private const int MaxAhead = 4;

    /// <summary>Far away: the owners' keys as they lie there, asked for beside the unlockers, since the register names both.</summary>
    private readonly Dictionary<ObjectName, Task<StoredObject?>> _ahead = [];

    internal async Task<VaultSecrets> OpenAsync(VaultCredential credential, CancellationToken cancellationToken)
    {
        if (credential is MemberKeyCredential file)
        {
            return OpenAsMember(file);
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        AskAhead(end.Token);
        try
        {
            var (bundle, access) = await OpenBundleAsync(credential, cancellationToken);
            using (bundle)
            {
                return VaultSecrets.Open(bundle.Signing, bundle.Sealing, bundle.Identities, register, access);
            }
        }
        finally
        {
            // What nobody took is of owners whose unlockers did not open.
            await end.CancelAsync();
            await ((Task)Task.WhenAll(_ahead.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void AskAhead(CancellationToken cancellationToken)
    {
        if (store.Target.Capabilities.IsNear)
        {
            return;
        }

        foreach (var name in register.Bundles.Where(bundle => register.Find(bundle.Key) is not { IsRevoked: true }).Select(static bundle => ObjectNames.Bundle(bundle.Value)).Take(MaxAhead))
        {
            _ahead[name] = store.TryReadAsync(name, OwnerBundle.MaxBytes, cancellationToken);
        }
    }

    private VaultSecrets OpenAsMember(MemberKeyCredential credential)
    {
        var member = register.Members.GetValueOrDefault(credential.Signing.Id)
            ?? throw new KeyException(FaultCodes.MemberUnknown, $"The key is of member {credential.Signing.Id}, whom the vault's register does not know.");
        if (!member.SealingKey.Equals(credential.Sealing.Recipient))
        {
            throw new IntegrityException(FaultCodes.BundleMismatch, $"The register names another sealing key of {member.Entry.Name} than the key file holds.");
        }

        return VaultSecrets.Open(credential.Signing, credential.Sealing, new Dictionary<uint, IdentityKey>(), register);
    }

    private async Task<(OwnerBundle Bundle, OwnerAccess Access)> OpenBundleAsync(VaultCredential credential, CancellationToken cancellationToken)
    {
        var kind = KindOf(credential);
        BackupException? problem = null;
        var hasTried = false;
        var all = await new UnlockerCatalog(store, register).ReadAsync((name, exception) => problem = Broken(name, exception), cancellationToken);

        // The cheapest first, so that a costly one which somebody planted is met last.
        var unlockers = all.Where(unlocker => unlocker.Kind == kind)
            .OrderBy(static unlocker => unlocker.Stretching is { } stretching ? (long)stretching.MemoryKiB * stretching.Passes : 0).ToList();
        foreach (var unlocker in unlockers)
        {
            try
            {
                using var unlockingKey = UnlockingKeyOf(unlocker, credential);
                var bundleKey = unlocker.TryOpen(unlockingKey);
                if (bundleKey is not null && await TryOpenBundleAsync(unlocker, bundleKey, cancellationToken) is { } bundle)
                {
                    return (bundle, new OwnerAccess(register.Bundles[unlocker.Owner], bundleKey, unlocker));
                }

                bundleKey?.Dispose();
                hasTried = true;
            }
            catch (Exception exception) when (IsAboutOneUnlocker(exception))
            {
                problem = Broken(ObjectNames.Unlocker(unlocker.Header.Object), (BackupException)exception);
            }
        }

        throw problem is not null && !hasTried ? problem : Refusal(credential, unlockers.Count > 0);
    }

    private static UnlockerKind KindOf(VaultCredential credential) => credential switch
    {
        PassphraseCredential => UnlockerKind.Passphrase,
        OwnerKeyCredential => UnlockerKind.KeyFile,
        SharesCredential => UnlockerKind.Shares,
        _ => throw new ArgumentOutOfRangeException(nameof(credential)),
    };

    private static KeyException Refusal(VaultCredential credential, bool hasSome) => (credential, hasSome) switch
    {
        (PassphraseCredential, true) => new KeyException(FaultCodes.WrongPassphrase, "The passphrase does not open this vault."),
        (PassphraseCredential, false) => new KeyException(FaultCodes.NoSuchUnlocker, "The vault has no passphrase."),
        (SharesCredential, true) => new KeyException(FaultCodes.SharesOpenNothing, "The recovery sheets fit each other, but nothing in this vault is locked with their key any more."),
        (SharesCredential, false) => new KeyException(FaultCodes.NoSuchUnlocker, "The vault has no recovery shares."),
        (_, true) => new KeyException(FaultCodes.NoSuchUnlocker, "The key file belongs to this vault, but nothing in it is locked with that key any more."),
        _ => new KeyException(FaultCodes.NoSuchUnlocker, "The vault has no unlocker for a key file."),
    };

    /// <summary>Who can write to the target can spoil an unlocker or add a bad one; that must not keep the good ones from working.</summary>
    private static bool IsAboutOneUnlocker(Exception exception) =>
        exception is IntegrityException { Code: var code } ? code != FaultCodes.BundleMismatch
        : exception is KeyException { Code: var weak } && (weak == FaultCodes.WeakKeyDerivation || weak == FaultCodes.KeyDerivationTooCostly);

    private BackupException Broken(ObjectName name, BackupException exception)
    {
        context.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The unlocker '{name}' cannot be used: {exception.Message}", FaultCodes.UnlockerUnusable));
        return exception;
    }

    private static RootKey UnlockingKeyOf(Unlocker unlocker, VaultCredential credential) => credential switch
    {
        PassphraseCredential passphrase => PassphraseKdf.Derive(passphrase.Passphrase, unlocker.Salt.Span, unlocker.Stretching!),
        OwnerKeyCredential file => new RootKey(file.Secret.Bytes),
        SharesCredential shares => new RootKey(shares.Secret.Bytes),
        _ => throw new ArgumentOutOfRangeException(nameof(credential)),
    };

    /// <returns>Null when the key is of a bundle that is not current, or of no owner: an unlocker that was replaced, or left by an interrupted creation.</returns>
    private async Task<OwnerBundle?> TryOpenBundleAsync(Unlocker unlocker, RootKey bundleKey, CancellationToken cancellationToken)
    {
        if (register.Find(unlocker.Owner) is { IsRevoked: true } revoked)
        {
            throw new KeyException(FaultCodes.MemberRevoked, $"The keys of the owner {revoked.Name} were revoked.");
        }

        if (!register.Bundles.TryGetValue(unlocker.Owner, out var id))
        {
            return null;
        }

        var name = ObjectNames.Bundle(id);
        var bundle = await TryReadBundleAsync(name, id, bundleKey, cancellationToken);
        if (bundle is null)
        {
            // Most likely an unlocker of an earlier passphrase, put back; but "wrong passphrase" alone would mislead where the keys are damaged.
            context.Sink.Report(new BackupEvent(
                EventSeverity.Warning,
                $"The unlocker '{ObjectNames.Unlocker(unlocker.Header.Object)}' opens, and what it holds does not open '{name}': it is out of date, or one of the two is damaged.",
                FaultCodes.UnlockerUnusable));
            return null;
        }

        try
        {
            bundle.RequireMatch(register);
            return bundle.Signing.Id == unlocker.Owner
                ? bundle
                : throw new IntegrityException(FaultCodes.BundleMismatch, "The owner's keys are those of another owner than the unlocker names.");
        }
        catch
        {
            bundle.Dispose();
            throw;
        }
    }

    /// <returns>Null when the key is not this bundle's: a byte that a line changed looks the same, so that it is read once more.</returns>
    private async Task<OwnerBundle?> TryReadBundleAsync(ObjectName name, ObjectId id, RootKey bundleKey, CancellationToken cancellationToken)
    {
        var isRefused = false;
        try
        {
            return await SecondRead.RunAsync(store.Target, name, async target =>
            {
                var reading = _ahead.Remove(name, out var ahead) ? ahead : new ObjectStore(target).TryReadAsync(name, OwnerBundle.MaxBytes, cancellationToken);
                var stored = await reading ?? throw new TargetException(TargetFault.NotFound, $"The owner's keys '{name}' are missing on {store.Target.DisplayName}.");
                isRefused = false;
                var bundle = stored.Read(item => OwnerBundle.TryOpen(item.Bytes.Span, register.Vault, id, bundleKey));
                isRefused = bundle is null;
                return bundle ?? throw new IntegrityException(FaultCodes.FrameTampered, $"The key does not open '{name}'.");
            });
        }
        catch (IntegrityException) when (isRefused)
        {
            return null;
        }
    }
}
