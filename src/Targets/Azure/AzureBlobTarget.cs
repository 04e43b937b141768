using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>A prefix of a container of Azure Blob Storage.</summary>
internal sealed class AzureBlobTarget : Target
{
    /// <summary>50,000 blocks of 4,000 MiB.</summary>
    private const long LargestObjectBytes = 50_000L * 4_000 << 20;

    private readonly AzureSettings _settings;
    private readonly AzureClient _client;
    private readonly AzureListing _listing;
    private readonly AzureReads _reads;
    private readonly AzureDeletes _deletes;
    private readonly AzureLocks _locks;
    private readonly AzureVersions _versions;
    private readonly AzureTiers _tiers;
    private readonly AzurePuts _puts;

    public AzureBlobTarget(AzureSettings settings, AzureCredentials credentials, TimeProvider time)
    {
        _settings = settings;
        _client = new AzureClient(settings, credentials, Meter, time);
        var naming = new AzureNaming(settings.Prefix);
        _listing = new AzureListing(_client, settings, naming);
        _reads = new AzureReads(_client, settings, naming);
        _deletes = new AzureDeletes(_client, settings, naming, _listing);
        _locks = new AzureLocks(_client, settings, naming, _deletes);
        _versions = new AzureVersions(_listing, naming);
        _tiers = new AzureTiers(_client, naming);
        _puts = new AzurePuts(_client, settings, naming, _locks);
    }

    public override string DisplayName => _settings.DisplayName;

    /// <summary>That there are no versions is a claim too: until it is known, they may be there. Locks are claimed only where it is known that they are kept.</summary>
    public override TargetCapabilities Capabilities => new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = _settings.EnforcesWriteOnce,
        ObjectLock = HasLocks,
        LockModes = HasLocks ? LockModes.Governance | LockModes.Compliance : LockModes.None,
        Versions = _deletes.IsVersioned ?? true,
        LegalHold = HasLocks,
        ServerChecksum = _settings.HasServerChecksum,
        MaxObjectBytes = LargestObjectBytes,
        ColdStorage = true,
        ListsInOrder = true,
        ParallelPuts = _settings.ParallelPuts,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
        MinStorageTime = _settings.MinStorageTime,
        Region = _settings.Region,
    };

    private bool HasLocks => _settings.IsVersioned == true;

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if ((options.Lock is not null || options.LegalHold) && !HasLocks)
        {
            throw new TargetException(TargetFault.LockNotKept, $"'{name}' cannot be put in {DisplayName}: the place is not known to keep versions, without which there are no locks.");
        }

        var given = new PutContent(name, content, options);
        given.ThrowIfLongerThan(LargestObjectBytes);
        var receipt = await _puts.PutAsync(name, given, options, cancellationToken);
        _deletes.Note(receipt.Version);
        return receipt;
    }

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return _reads.ReadAsync(name, null, offset, destination, cancellationToken);
    }

    public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => _reads.TryFetchAsync(name, maxBytes, cancellationToken);

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) => _reads.StatAsync(name, null, cancellationToken);

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        return _listing.ListAsync(prefix, null, cancellationToken);
    }

    public override IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        return _listing.ListAsync(prefix, after, cancellationToken);
    }

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) => _deletes.DeleteAsync(name, cancellationToken);

    public override Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) =>
        HasLocks ? _locks.GetAsync(name, cancellationToken) : throw Lacks(nameof(TargetCapabilities.ObjectLock));

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) =>
        HasLocks ? _locks.ExtendAsync(name, until, cancellationToken) : throw Lacks(nameof(TargetCapabilities.ObjectLock));

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) =>
        HasLocks ? _locks.SetHoldAsync(name, isHeld, cancellationToken) : throw Lacks(nameof(TargetCapabilities.LegalHold));

    public override IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        return _deletes.IsVersioned == false ? throw Lacks(nameof(TargetCapabilities.Versions)) : _versions.ListAsync(prefix, cancellationToken);
    }

    public override Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return _deletes.IsVersioned == false ? throw Lacks(nameof(TargetCapabilities.Versions)) : _reads.ReadAsync(name, version, offset, destination, cancellationToken);
    }

    public override async Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken)
    {
        var stat = await StatAsync(name, cancellationToken) ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in {DisplayName}.");
        return await _tiers.WarmAsync(name, stat.Access, options, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await base.DisposeAsync();
    }
}
