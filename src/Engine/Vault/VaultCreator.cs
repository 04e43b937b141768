using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

/// <summary>How a new vault is to be.</summary>
public sealed record VaultCreation
{
    public static VaultCreation Default { get; } = new();

    /// <summary>At least one of passphrase and key file is needed. Still the caller's to wipe.</summary>
    public ReadOnlyMemory<char>? Passphrase { get; init; }

    /// <summary>Where the owner's key file is written; must not exist.</summary>
    public string? KeyFilePath { get; init; }

    public string OwnerName { get; init; } = "owner";

    public int PackSizeBytes { get; init; } = 16 * 1024 * 1024;

    public string ChunkerName { get; init; } = ChunkerCatalog.Default;

    public Argon2Parameters Stretching { get; init; } = Argon2Parameters.Default;

    /// <summary>Never the passphrase: a record shows all its members, and lands in logs.</summary>
    public override string ToString() => $"{nameof(VaultCreation)} {{ OwnerName = {OwnerName}, KeyFilePath = {KeyFilePath}, PackSizeBytes = {PackSizeBytes}, ChunkerName = {ChunkerName} }}";
}

/// <summary>Makes vaults. The genesis entry is written last: until then there is no vault, and what an interrupted creation left is in nobody's way.</summary>
public static class VaultCreator
{
    private const int MinPackSizeBytes = 64 * 1024;

    /// <summary>The largest chunk and what stands around it.</summary>
    private const int MinPackOfLongChunks = 5 * 1024 * 1024;
    private const int MaxNameLength = 200;

    /// <exception cref="RequestException">VaultExists, TargetNotEmpty, NoUnlocker, InvalidVaultOption, KeyFileExists, KeyFileNotWritable, EmptyPassphrase.</exception>
    public static async Task<UnlockedVault> CreateAsync(Target target, VaultCreation options, UnlockContext context, CancellationToken cancellationToken)
    {
        CryptoSelfTest.Run();
        Validate(options);
        await RequireEmptyAsync(target, cancellationToken);
        var store = new ObjectStore(target);
        using var passphrase = options.Passphrase is { } text ? new PassphraseCredential(text) : null;
        using var fileSecret = options.KeyFilePath is null ? null : RootKey.Create();
        using var plan = new Plan(options, Timestamp.From(context.Time.GetUtcNow()), passphrase, fileSecret);
        using var keyFile = fileSecret is null ? null : new OwnerKeyCredential(plan.Pin, new RootKey(fileSecret.Bytes));

        // The key file comes first: a crash after it leaves a file that opens nothing. The other way round it would leave a vault
        // whose key nobody has. For the same reason a failure below does not delete it: the last write may have arrived.
        if (keyFile is not null)
        {
            await CredentialFile.WriteAsync(options.KeyFilePath!, keyFile, cancellationToken);
        }

        // A crash from here on leaves unlockers and a bundle without a register: no vault, and the next creation goes over them.
        foreach (var unlocker in plan.Unlockers)
        {
            await unlocker.StoreAsync(store, cancellationToken);
        }

        await store.PutAsync(ObjectNames.Bundle(plan.BundleId), plan.SealBundle(), cancellationToken);
        try
        {
            await store.PutAsync(ObjectNames.RegisterEntry(0), plan.GenesisEntry, cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AlreadyExists)
        {
            // This very entry is there where an answer was lost, or somebody on the way sent it twice.
            if (await store.TryReadTwiceAsync(ObjectNames.RegisterEntry(0), RegisterCodec.MaxEntryBytes, cancellationToken) is not { } found)
            {
                throw;
            }

            if (ContentHash.Of(found.Bytes.Span) != plan.Pin.Genesis)
            {
                throw new RequestException(FaultCodes.VaultExists, $"Somebody else made a vault at {target.DisplayName} at this moment.", exception);
            }
        }

        // Opened as anybody would open it: a vault that cannot be opened must show now.
        var locked = await LockedVault.OpenAsync(target, cancellationToken);
        return await locked.UnlockAsync((VaultCredential?)keyFile ?? passphrase!, context, cancellationToken);
    }

    private static void Validate(VaultCreation options)
    {
        if (options.Passphrase is null && options.KeyFilePath is null)
        {
            throw new RequestException(FaultCodes.NoUnlocker, "Neither a passphrase nor a key file was given.");
        }

        if (options.Passphrase is { IsEmpty: true })
        {
            throw new RequestException(FaultCodes.EmptyPassphrase, "The passphrase is empty.");
        }

        options.Stretching.Require();
        RequireName(options.OwnerName);
        if (options.PackSizeBytes is < MinPackSizeBytes or > VaultParameters.MaxPackSizeBytes)
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, $"Packs have {MinPackSizeBytes} to {VaultParameters.MaxPackSizeBytes} bytes.");
        }

        if (!ChunkerCatalog.Knows(options.ChunkerName))
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, $"There is no chunker '{options.ChunkerName}'.");
        }

        if (options.ChunkerName is not ChunkerCatalog.Small && options.PackSizeBytes < MinPackOfLongChunks)
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, $"The chunks of '{options.ChunkerName}' need packs of at least {MinPackOfLongChunks} bytes.");
        }

        if (options.KeyFilePath is { } path && Path.Exists(path))
        {
            throw new RequestException(FaultCodes.KeyFileExists, $"There is a file '{path}' already.");
        }
    }

    /// <exception cref="RequestException">InvalidVaultOption.</exception>
    internal static void RequireName(string name)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > MaxNameLength || name.Any(static letter => char.IsControl(letter) || char.IsSurrogate(letter)))
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, $"A member's name has 1 to {MaxNameLength} printable characters.");
        }
    }

    /// <exception cref="RequestException">VaultExists, TargetNotEmpty.</exception>
    public static async Task RequireEmptyAsync(Target target, CancellationToken cancellationToken)
    {
        // First: a folder that holds a vault is not empty either, and listings come in any order.
        await foreach (var _ in target.ListAsync(ObjectNames.Register, cancellationToken))
        {
            throw new RequestException(FaultCodes.VaultExists, $"There is a vault at {target.DisplayName} already.");
        }

        await foreach (var stat in target.ListAsync("", cancellationToken))
        {
            // Unlockers and bundles without a register are what an interrupted creation leaves.
            if (!ObjectNames.TryParseId(stat.Name, ObjectNames.Unlockers, out _) && !ObjectNames.TryParseId(stat.Name, ObjectNames.Bundles, out _)
                && !stat.Name.Value.StartsWith(ObjectPrefix.Probes, StringComparison.Ordinal))
            {
                throw new RequestException(FaultCodes.TargetNotEmpty, $"There is '{stat.Name}' at {target.DisplayName}.");
            }
        }
    }

    /// <summary>All keys and ids of the vault to be, and its first entry.</summary>
    private sealed class Plan : IDisposable
    {
        private readonly VaultId _vault = new(Id256.Random());
        private readonly SigningKey _signing = SigningKey.Create();
        private readonly IdentityKey _sealing = IdentityKey.Create();
        private readonly IdentityKey _identity = IdentityKey.Create();
        private readonly RootKey _bundleKey = RootKey.Create();

        internal Plan(VaultCreation options, Timestamp now, PassphraseCredential? passphrase, RootKey? fileSecret)
        {
            Unlockers = [.. UnlockersOf(passphrase, fileSecret, options.Stretching, now)];
            using var keys = EpochKeys.Create(1);
            RegisterChange[] changes =
            [
                new VaultParameters(options.ChunkerName, options.PackSizeBytes),
                new EpochBegins(1, _identity.Recipient),
                new MemberAdded(options.OwnerName, _signing.Public, _sealing.Recipient, MemberRoles.Owner, DataSets: null),
                keys.GrantTo(_signing.Id, _sealing.Recipient, MemberRoles.Owner, _vault),
                VaultPolicy.Default,
                new OwnerBundleNamed(_signing.Id, BundleId) { Unlockers = [.. Unlockers.Select(static unlocker => unlocker.Named)] },
            ];
            var header = new ObjectHeader(ObjectKind.RegisterEntry, 0, _vault, ObjectId.Random());
            GenesisEntry = SignedObject.Build(header, RegisterCodec.Encode(new RegisterEntry(0, null, now, [], changes)), _signing);
            var genesis = ContentHash.Of(GenesisEntry);
            Pin = new VaultPin(_vault, genesis, new RegisterHead(0, genesis));
        }

        internal ObjectId BundleId { get; } = ObjectId.Random();

        internal IReadOnlyList<SealedUnlocker> Unlockers { get; }

        internal byte[] GenesisEntry { get; }

        internal VaultPin Pin { get; }

        public void Dispose()
        {
            _signing.Dispose();
            _sealing.Dispose();
            _identity.Dispose();
            _bundleKey.Dispose();
        }

        internal byte[] SealBundle() =>
            new OwnerBundle(Pin.Genesis, Pin.Head, _signing, _sealing, new Dictionary<uint, IdentityKey> { [1] = _identity }).Seal(_vault, BundleId, _bundleKey);

        private IEnumerable<SealedUnlocker> UnlockersOf(PassphraseCredential? passphrase, RootKey? fileSecret, Argon2Parameters stretching, Timestamp now)
        {
            if (passphrase is not null)
            {
                using var unlocker = NewUnlocker.Of(passphrase, stretching, "passphrase");
                yield return unlocker.Seal(_vault, _signing.Id, now, _bundleKey);
            }

            if (fileSecret is not null)
            {
                using var unlocker = NewUnlocker.Of(fileSecret, "key file");
                yield return unlocker.Seal(_vault, _signing.Id, now, _bundleKey);
            }
        }
    }
}
