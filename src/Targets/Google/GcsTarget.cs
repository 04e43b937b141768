using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Google;

/// <summary>A prefix of a bucket of Google Cloud Storage, by its JSON API: the S3 dialect that the platform has too keeps neither holds nor proved sums.</summary>
internal sealed class GcsTarget : Target
{
    private const long LargestObjectBytes = 5L << 40;

    private readonly GcsSettings _settings;
    private readonly GcsClient _client;
    private readonly GcsNaming _naming;
    private readonly GcsPlace _place;
    private readonly GcsListing _listing;
    private readonly GcsReads _reads;
    private readonly GcsLocks _locks;
    private readonly GcsPuts _puts;

    public GcsTarget(GcsSettings settings, GcsTokens tokens, TimeProvider time)
    {
        _settings = settings;
        _client = new GcsClient(settings, tokens, Meter, time);
        _naming = new GcsNaming(settings);
        _place = new GcsPlace(_client, settings, _naming);
        _listing = new GcsListing(_client, settings, _naming);
        _reads = new GcsReads(_client, settings, _naming);
        _locks = new GcsLocks(_client, settings, _naming);
        _puts = new GcsPuts(_client, settings, _naming, _locks);
    }

    public override string DisplayName => _settings.DisplayName;

    /// <summary>
    /// That there are no versions is a claim too: until it is known, they may be there. Holds the platform has in every bucket; they are declared where locks are, since
    /// whoever asks for one relies on a bucket that was made for keeping.
    /// </summary>
    public override TargetCapabilities Capabilities => new()
    {
        ConditionalPut = _settings.HasConditionalPut,
        ListAfterWrite = true,
        EnforcesWriteOnce = _settings.EnforcesWriteOnce,
        ObjectLock = _place.HasObjectRetention == true,
        LockModes = _place.HasObjectRetention == true ? LockModes.Governance | LockModes.Compliance : LockModes.None,
        Versions = _place.IsVersioned ?? true,
        LegalHold = _place.HasObjectRetention == true,
        ServerChecksum = _settings.HasServerChecksum,
        MaxObjectBytes = LargestObjectBytes,
        ListsInOrder = true,
        ParallelPuts = _settings.ParallelPuts,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
        MinStorageTime = _settings.MinStorageTime,
        Region = _settings.Location,
    };

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var given = new PutContent(name, content, options);
        given.ThrowIfLongerThan(LargestObjectBytes);
        await _place.RequireClosedAsync(cancellationToken);
        if ((options.Lock is not null || options.LegalHold) && !await _place.KeepsLocksAsync(cancellationToken))
        {
            throw new TargetException(TargetFault.LockNotKept, $"'{name}' cannot be locked in {DisplayName}: object retention is not enabled on the bucket, and can only be when a bucket is made.");
        }

        var receipt = await _puts.PutAsync(name, given, options, cancellationToken);
        _place.IsThere = true;
        return _place.IsVersioned == false ? receipt with { Version = null } : receipt;
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        await FindAsync(() => ReadAsync(name, null, offset, destination, cancellationToken), cancellationToken);
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            return await FindAsync(() => _reads.FetchAsync(name, maxBytes, cancellationToken), cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            return null;
        }
    }

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            return await FindAsync(() => _reads.StatAsync(name, null, cancellationToken), cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
            return null;
        }
    }

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

    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_place.MayHaveVersions)
        {
            await DropAsync(name, "", cancellationToken);
            return;
        }

        TargetException? refusal = null;
        foreach (var generation in await _listing.GenerationsOfAsync(name, cancellationToken))
        {
            try
            {
                await DropAsync(name, string.Create(CultureInfo.InvariantCulture, $"generation={generation}"), cancellationToken);
            }
            catch (TargetException exception) when (exception.Fault == TargetFault.Locked)
            {
                refusal ??= exception;
            }
        }

        if (refusal is not null)
        {
            throw refusal;
        }
    }

    public override Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) =>
        LockingAsync(() => _locks.GetAsync(name, cancellationToken), nameof(TargetCapabilities.ObjectLock), cancellationToken);

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) =>
        LockingAsync(() => _locks.ExtendAsync(name, until, cancellationToken), nameof(TargetCapabilities.ObjectLock), cancellationToken);

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) =>
        LockingAsync(() => _locks.HoldAsync(name, isHeld, cancellationToken), nameof(TargetCapabilities.LegalHold), cancellationToken);

    public override IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        return _place.IsVersioned == false ? throw Lacks(nameof(TargetCapabilities.Versions)) : _listing.ListVersionsAsync(prefix, cancellationToken);
    }

    public override async Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (_place.IsVersioned == false)
        {
            throw Lacks(nameof(TargetCapabilities.Versions));
        }

        await FindAsync(() => ReadAsync(name, version, offset, destination, cancellationToken), cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        _place.Dispose();
        _client.Dispose();
        await base.DisposeAsync();
    }

    private async Task<bool> ReadAsync(ObjectName name, string? generation, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!destination.IsEmpty)
        {
            await _reads.ReadAsync(name, generation, offset, destination, cancellationToken);
        }
        else if (offset > (await _reads.StatAsync(name, generation, cancellationToken)).LengthBytes)
        {
            throw _reads.EndsBefore(name, offset);
        }

        return true;
    }

    private async Task DropAsync(ObjectName name, string query, CancellationToken cancellationToken)
    {
        try
        {
            var request = new GcsRequest(HttpMethod.Delete, _naming.Object(name, query), RequestKind.Delete);
            await FindAsync(() => _client.SendAsync(GcsDeed.Delete(name), request, static _ => Task.FromResult(true), cancellationToken), cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
        {
        }
    }

    /// <summary>A missing object may be a missing bucket, as long as nothing was ever found there.</summary>
    private async Task<T> FindAsync<T>(Func<Task<T>> find, CancellationToken cancellationToken)
    {
        try
        {
            var found = await find();
            _place.IsThere = true;
            return found;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.NotFound && !_place.IsThere)
        {
            await _listing.RequirePlaceAsync(cancellationToken);
            _place.IsThere = true;
            throw;
        }
    }

    private async Task<LockState> LockingAsync(Func<Task<LockState>> call, string capability, CancellationToken cancellationToken) =>
        await _place.KeepsLocksAsync(cancellationToken) ? await FindAsync(call, cancellationToken) : throw Lacks(capability);
}
