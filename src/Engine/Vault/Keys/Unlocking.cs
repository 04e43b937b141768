using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>From a credential to a member's keys.</summary>
internal sealed class Unlocking(ObjectStore store, RegisterState register, UnlockContext context)
{
    internal async Task<VaultSecrets> OpenAsync(VaultCredential credential, CancellationToken cancellationToken)
    {
        if (credential is WriterKeyCredential writer)
        {
            return OpenAsMember(writer);
        }

        using var bundle = await OpenBundleAsync(credential, cancellationToken);
        return VaultSecrets.Open(bundle.Signing, bundle.Sealing, bundle.Identities, register);
    }

    private VaultSecrets OpenAsMember(WriterKeyCredential credential)
    {
        var member = register.Members.GetValueOrDefault(credential.Signing.Id)
            ?? throw new KeyException(FaultCodes.MemberUnknown, $"The key is of member {credential.Signing.Id}, whom the vault's register does not know.");
        if (member.Entry.IsRevoked)
        {
            throw new KeyException(FaultCodes.MemberRevoked, $"The key of {member.Entry.Name} was revoked.");
        }

        if (!member.SealingKey.Equals(credential.Sealing.Recipient))
        {
            throw new IntegrityException(FaultCodes.BundleMismatch, $"The register names another sealing key of {member.Entry.Name} than the key file holds.");
        }

        return VaultSecrets.Open(credential.Signing, credential.Sealing, new Dictionary<uint, IdentityKey>(), register);
    }

    private async Task<OwnerBundle> OpenBundleAsync(VaultCredential credential, CancellationToken cancellationToken)
    {
        var kind = credential is PassphraseCredential ? UnlockerKind.Passphrase : UnlockerKind.KeyFile;
        BackupException? problem = null;
        var hasTried = false;
        var unlockers = await ReadUnlockersAsync(kind, (name, exception) => problem = Broken(name, exception), cancellationToken);
        foreach (var unlocker in unlockers)
        {
            try
            {
                using var unlockingKey = UnlockingKeyOf(unlocker, credential);
                using var bundleKey = unlocker.TryOpen(unlockingKey);
                if (bundleKey is not null && await TryOpenBundleAsync(unlocker, bundleKey, cancellationToken) is { } bundle)
                {
                    return bundle;
                }

                hasTried = true;
            }
            catch (Exception exception) when (IsAboutOneUnlocker(exception))
            {
                problem = Broken(ObjectNames.Unlocker(unlocker.Header.Object), (BackupException)exception);
            }
        }

        throw problem is not null && !hasTried ? problem
            : unlockers.Count == 0
            ? new KeyException(FaultCodes.NoSuchUnlocker, kind == UnlockerKind.Passphrase ? "The vault has no passphrase." : "The vault has no unlocker for a key file.")
            : kind == UnlockerKind.Passphrase
                ? new KeyException(FaultCodes.WrongPassphrase, "The passphrase does not open this vault.")
                : new KeyException(FaultCodes.NoSuchUnlocker, "The key file belongs to this vault, but nothing in it is locked with that key any more.");
    }

    /// <summary>Who can write to the target can spoil an unlocker or add a bad one; that must not keep the good ones from working.</summary>
    private static bool IsAboutOneUnlocker(Exception exception) =>
        exception is IntegrityException { Code: var code } ? code != FaultCodes.BundleMismatch
        : exception is KeyException { Code: var weak } && (weak == FaultCodes.WeakKeyDerivation || weak == FaultCodes.KeyDerivationTooCostly);

    private BackupException Broken(ObjectName name, BackupException exception)
    {
        context.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The unlocker '{name}' cannot be used: {exception.Message}", FaultCodes.UnlockerUnusable));
        return exception;
    }

    private async Task<List<Unlocker>> ReadUnlockersAsync(UnlockerKind kind, Action<ObjectName, BackupException> onBroken, CancellationToken cancellationToken)
    {
        var stats = await store.ListAsync(
            ObjectNames.Unlockers, static name => ObjectNames.TryParseId(name, ObjectNames.Unlockers, out _), cancellationToken);
        var unlockers = await store.ReadManyAsync(
            [.. stats.Take(Unlocker.MaxCount)],
            Unlocker.MaxBytes,
            stored => Unlocker.Read(stored.Bytes, register.Vault, IdOf(stored.Name)),
            onBroken,
            cancellationToken);

        // The cheapest first, so that a costly one which somebody planted is met last.
        return [.. unlockers.OfType<Unlocker>().Where(unlocker => unlocker.Kind == kind)
            .OrderBy(static unlocker => unlocker.Stretching is { } stretching ? (long)stretching.MemoryKiB * stretching.Passes : 0)];
    }

    private static ObjectId IdOf(ObjectName name) =>
        ObjectNames.TryParseId(name, ObjectNames.Unlockers, out var id) ? new ObjectId(id) : throw new ArgumentException("No unlocker.", nameof(name));

    private static RootKey UnlockingKeyOf(Unlocker unlocker, VaultCredential credential) => credential switch
    {
        PassphraseCredential passphrase => PassphraseKdf.Derive(passphrase.Passphrase, unlocker.Salt.Span, unlocker.Stretching!),
        OwnerKeyCredential file => new RootKey(file.Secret.Bytes),
        _ => throw new ArgumentOutOfRangeException(nameof(credential)),
    };

    /// <returns>Null when the key is of a bundle that is not current, or of no owner: an unlocker that was replaced, or left by an interrupted creation.</returns>
    private async Task<OwnerBundle?> TryOpenBundleAsync(Unlocker unlocker, RootKey bundleKey, CancellationToken cancellationToken)
    {
        if (!register.Bundles.TryGetValue(unlocker.Owner, out var id))
        {
            return null;
        }

        var name = ObjectNames.Bundle(id);
        var stored = await store.TryReadAsync(name, OwnerBundle.MaxBytes, cancellationToken)
            ?? throw new TargetException(TargetFault.NotFound, $"The owner's keys '{name}' are missing on {store.Target.DisplayName}.");
        var bundle = stored.Read(item => OwnerBundle.TryOpen(item.Bytes.Span, register.Vault, id, bundleKey));
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
}
