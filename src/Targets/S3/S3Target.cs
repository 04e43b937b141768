using Amazon.S3;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.S3;

/// <summary>A prefix of a bucket, on any store that speaks S3; what differs between them says the profile.</summary>
internal sealed class S3Target : Target
{
    private readonly S3Settings _settings;
    private readonly S3Client _client;
    private readonly S3Reads _reads;
    private readonly S3Listing _listing;
    private readonly S3Versions _versions;
    private readonly S3Locks _locks;
    private readonly S3Puts _puts;
    private readonly S3Multipart _multipart;
    private readonly S3Deletes _deletes;
    private readonly S3Cold _cold;
    private bool _isPlaceKnown;
    private int _lockedPuts;

    public S3Target(S3Settings settings, S3Credentials credentials, OpenContext context)
    {
        _settings = settings;
        Capabilities = CapabilitiesOf(settings);
        _client = new S3Client(settings, credentials, Meter, context.Time);
        var naming = new S3Naming(settings.Prefix);
        _reads = new S3Reads(_client, settings, naming);
        _listing = new S3Listing(_client, settings, naming);
        _versions = new S3Versions(_client, settings, naming);
        _locks = new S3Locks(_client, settings, naming);
        _puts = new S3Puts(_client, settings, naming);
        _multipart = new S3Multipart(_client, settings, naming, context.Sink);
        _deletes = new S3Deletes(_client, settings, naming, _versions, _locks);
        _cold = new S3Cold(_client, settings, naming, _reads);
    }

    public override string DisplayName => _settings.DisplayName;

    public override TargetCapabilities Capabilities { get; }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var given = new PutContent(name, content, options);
        given.ThrowIfLockNotKept(Capabilities);
        given.ThrowIfLongerThan(Capabilities.MaxObjectBytes);
        _locks.Require(name, options.Lock, options.LegalHold);
        if (options is { IfAbsent: true, IsOwnName: false } && !_settings.HasConditionalPut)
        {
            await RequireAbsentAsync(name, cancellationToken);
        }

        var receipt = given.LengthBytes > _settings.MultipartThresholdBytes
            ? await PutPartsAsync(name, given, options, cancellationToken)
            : await PutWholeAsync(name, given, options, cancellationToken);
        _isPlaceKnown = true;
        return await ProveAsync(name, receipt, options, cancellationToken);
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (destination.IsEmpty)
        {
            await RequireAsync(name, null, offset, cancellationToken);
            return;
        }

        await _reads.ReadAsync(name, null, offset, destination, cancellationToken);
        _isPlaceKnown = true;
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var found = await _reads.TryFetchAsync(name, maxBytes, cancellationToken);
        _isPlaceKnown = true;
        return found;
    }

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) => StatAsync(name, null, cancellationToken);

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

    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => _deletes.DeleteManyAsync(names, cancellationToken);

    public override Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) =>
        Capabilities.ObjectLock ? _locks.ReadAsync(name, null, cancellationToken) : base.GetLockAsync(name, cancellationToken);

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) =>
        Capabilities.ObjectLock ? _locks.ExtendAsync(name, until, cancellationToken) : base.ExtendLockAsync(name, until, cancellationToken);

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) =>
        Capabilities.LegalHold ? _locks.SetHoldAsync(name, isHeld, cancellationToken) : base.SetLegalHoldAsync(name, isHeld, cancellationToken);

    public override IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        return Capabilities.Versions ? _versions.ListAsync(prefix, cancellationToken) : base.ListVersionsAsync(prefix, cancellationToken);
    }

    public override async Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (!Capabilities.Versions)
        {
            await base.ReadVersionAsync(name, version, offset, destination, cancellationToken);
        }

        if (destination.IsEmpty)
        {
            await RequireAsync(name, version, offset, cancellationToken);
            return;
        }

        await _reads.ReadAsync(name, version, offset, destination, cancellationToken);
    }

    public override Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken) =>
        Capabilities.ColdStorage ? _cold.WarmAsync(name, options, cancellationToken) : base.WarmAsync(name, options, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        _deletes.Dispose();
        _client.Dispose();
        await base.DisposeAsync();
    }

    private static TargetCapabilities CapabilitiesOf(S3Settings settings)
    {
        var hasVersions = settings.IsVersioned == true;
        return new TargetCapabilities
        {
            ConditionalPut = settings.HasConditionalPut,
            ListAfterWrite = true,
            EnforcesWriteOnce = settings.EnforcesWriteOnce,
            ObjectLock = hasVersions && settings.Profile.LockModes != LockModes.None,
            LockModes = hasVersions ? settings.Profile.LockModes : LockModes.None,
            Versions = hasVersions,
            LegalHold = hasVersions,
            ColdStorage = settings.Profile.ColdClasses.Count > 0,
            ServerChecksum = settings.HasServerChecksum,
            MaxObjectBytes = settings.Profile.MaxObjectBytes,
            ListsInOrder = true,
            ParallelPuts = settings.ParallelPuts,
            MaxDeletesPerRequest = S3Deletes.MaxPerRequest,
            StoreTimeTolerance = TimeSpan.FromSeconds(2),
            MinStorageTime = settings.MinStorageTime,
            Region = settings.Region,
        };
    }

    private async Task<PutReceipt> PutWholeAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        var (answer, date) = await _puts.PutAsync(name, content, options, cancellationToken);
        RequireEncrypted(name, answer.ServerSideEncryptionMethod?.Value);
        _deletes.Note(answer.VersionId);
        return new PutReceipt(content.LengthBytes, S3Times.OfStore(date)) { Tag = S3Naming.TagOf(answer.ETag), Version = answer.VersionId };
    }

    private async Task<PutReceipt> PutPartsAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        var (answer, date) = await _multipart.PutAsync(name, content, options, token => RequireAbsentAsync(name, token), cancellationToken);
        RequireEncrypted(name, answer.ServerSideEncryptionMethod?.Value);
        _deletes.Note(answer.VersionId);
        return new PutReceipt(content.LengthBytes, S3Times.OfStore(date)) { Tag = S3Naming.TagOf(answer.ETag), Version = answer.VersionId };
    }

    /// <summary>The lock of a put is read back at the first one, and then again and again: some stores take the header and do nothing.</summary>
    private async Task<PutReceipt> ProveAsync(ObjectName name, PutReceipt receipt, PutOptions options, CancellationToken cancellationToken)
    {
        const int EveryHowMany = 50;
        if ((options.Lock is null && !options.LegalHold) || (Interlocked.Increment(ref _lockedPuts) - 1) % EveryHowMany != 0)
        {
            return receipt;
        }

        try
        {
            return receipt with { Lock = await _locks.ProveAsync(name, receipt.Version, options.Lock, options.LegalHold ? true : null, cancellationToken) };
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.LockNotKept)
        {
            try
            {
                await _deletes.DeleteVersionAsync(name, receipt.Version, cancellationToken);
            }
            catch (TargetException)
            {
                // It stays, without its lock: that there is none is what the caller must know.
            }

            throw;
        }
    }

    private void RequireEncrypted(ObjectName name, string? method)
    {
        var isKept = _settings.KmsKey is not null ? string.Equals(method, ServerSideEncryptionMethod.AWSKMS.Value, StringComparison.Ordinal) : !_settings.AsksForEncryption || method is { Length: > 0 };
        if (!isKept)
        {
            throw new TargetException(
                TargetFault.Unsupported, $"{DisplayName} was asked to encrypt '{name}'{(_settings.KmsKey is null ? "" : " by a key of the key service")} and does not say that it did.");
        }
    }

    private async Task<ObjectStat?> StatAsync(ObjectName name, string? version, CancellationToken cancellationToken)
    {
        var stat = await _reads.StatAsync(name, version, cancellationToken);
        if (stat is null && !_isPlaceKnown)
        {
            await _listing.RequirePlaceAsync(cancellationToken);
        }

        _isPlaceKnown = true;
        return stat;
    }

    private async Task RequireAbsentAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (await StatAsync(name, cancellationToken) is not null)
        {
            throw new TargetException(TargetFault.AlreadyExists, $"'{name}' exists in {DisplayName}.");
        }
    }

    private async Task RequireAsync(ObjectName name, string? version, long offset, CancellationToken cancellationToken)
    {
        var stat = await StatAsync(name, version, cancellationToken) ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in {DisplayName}.");
        if (offset > stat.LengthBytes)
        {
            throw _reads.EndsBefore(name, offset);
        }
    }
}
