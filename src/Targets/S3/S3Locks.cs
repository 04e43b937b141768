using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.S3;

/// <summary>Object Lock: retention and legal holds of versions. A store's word for a lock is what it says when asked again, never that it took the request.</summary>
internal sealed class S3Locks(S3Client client, S3Settings settings, S3Naming naming)
{
    /// <exception cref="TargetException"><c>LockNotKept</c>: this place cannot keep such a lock; nothing was asked.</exception>
    public void Require(ObjectName name, ObjectLock? wanted, bool isHeld)
    {
        if ((wanted is null && !isHeld) || (settings.IsVersioned == true && (wanted is null || settings.Profile.LockModes.HasFlag((LockModes)wanted.Mode))))
        {
            return;
        }

        throw NotKept(name, settings.IsVersioned == true ? $"{settings.Profile.Name} has no lock of the mode {wanted!.Mode}" : "the bucket is not known to keep versions, so no lock can be kept");
    }

    public static void AddTo(PutObjectRequest request, PutOptions options)
    {
        if (options.Lock is { } wanted)
        {
            request.ObjectLockMode = ModeOf(wanted.Mode);
            request.ObjectLockRetainUntilDate = EndOf(wanted);
        }

        if (options.LegalHold)
        {
            request.ObjectLockLegalHoldStatus = ObjectLockLegalHoldStatus.On;
        }
    }

    public static void AddTo(InitiateMultipartUploadRequest request, PutOptions options)
    {
        if (options.Lock is { } wanted)
        {
            request.ObjectLockMode = ModeOf(wanted.Mode);
            request.ObjectLockRetainUntilDate = EndOf(wanted);
        }

        if (options.LegalHold)
        {
            request.ObjectLockLegalHoldStatus = ObjectLockLegalHoldStatus.On;
        }
    }

    /// <param name="version">Null for the newest.</param>
    public async Task<LockState> ReadAsync(ObjectName name, string? version, CancellationToken cancellationToken)
    {
        var retention = await TryAsync(
            Deed(name, "ask for locks", "s3:GetObjectRetention"),
            sdk => sdk.GetObjectRetentionAsync(
                new GetObjectRetentionRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), VersionId = version, ExpectedBucketOwner = settings.Owner }, cancellationToken),
            cancellationToken);
        var hold = await TryAsync(
            Deed(name, "ask for legal holds", "s3:GetObjectLegalHold"),
            sdk => sdk.GetObjectLegalHoldAsync(
                new GetObjectLegalHoldRequest { BucketName = settings.Bucket, Key = naming.KeyOf(name), VersionId = version, ExpectedBucketOwner = settings.Owner }, cancellationToken),
            cancellationToken);
        return new LockState(LockOf(retention?.Retention), hold?.LegalHold?.Status == ObjectLockLegalHoldStatus.On);
    }

    public async Task<LockState> ExtendAsync(ObjectName name, ObjectLock wanted, CancellationToken cancellationToken)
    {
        Require(name, wanted, isHeld: false);
        if ((await ReadAsync(name, null, cancellationToken)).Lock is { } kept && (wanted.Until < kept.Until || wanted.Mode < kept.Mode))
        {
            throw new TargetException(TargetFault.Locked, string.Create(CultureInfo.InvariantCulture, $"'{name}' in {settings.DisplayName} is locked as {kept.Mode} until {kept.Until:u}, which can only be made stronger."));
        }

        var request = new PutObjectRetentionRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            Retention = new ObjectLockRetention { Mode = new ObjectLockRetentionMode(ModeOf(wanted.Mode).Value), RetainUntilDate = EndOf(wanted) },
            ExpectedBucketOwner = settings.Owner,
        };
        await client.SendAsync(Deed(name, "lock objects", "s3:PutObjectRetention"), (sdk, guard) => sdk.PutObjectRetentionAsync(request, guard.Token), cancellationToken);
        return await ProveAsync(name, null, wanted, isHeld: null, cancellationToken);
    }

    public async Task<LockState> SetHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken)
    {
        Require(name, null, isHeld: true);
        var request = new PutObjectLegalHoldRequest
        {
            BucketName = settings.Bucket,
            Key = naming.KeyOf(name),
            LegalHold = new ObjectLockLegalHold { Status = isHeld ? ObjectLockLegalHoldStatus.On : ObjectLockLegalHoldStatus.Off },
            ExpectedBucketOwner = settings.Owner,
        };
        await client.SendAsync(Deed(name, "set legal holds", "s3:PutObjectLegalHold"), (sdk, guard) => sdk.PutObjectLegalHoldAsync(request, guard.Token), cancellationToken);
        return await ProveAsync(name, null, null, isHeld, cancellationToken);
    }

    /// <exception cref="TargetException"><c>LockNotKept</c>: the store says something else than what it was asked for.</exception>
    public async Task<LockState> ProveAsync(ObjectName name, string? version, ObjectLock? wanted, bool? isHeld, CancellationToken cancellationToken)
    {
        var state = await ReadAsync(name, version, cancellationToken);
        if ((wanted is not null && !state.IsAtLeast(wanted)) || (isHeld is { } asked && state.LegalHold != asked))
        {
            var says = state.Lock is { } kept ? string.Create(CultureInfo.InvariantCulture, $"{kept.Mode} until {kept.Until:u}") : "no lock";
            throw NotKept(name, $"the store was asked for {Describe(wanted, isHeld)} and says {says}, {(state.LegalHold ? "held" : "not held")}");
        }

        return state;
    }

    private static string Describe(ObjectLock? wanted, bool? isHeld) => string.Create(
        CultureInfo.InvariantCulture, $"{(wanted is null ? "" : $"{wanted.Mode} until {wanted.Until:u}")}{(wanted is null || isHeld is null ? "" : ", ")}{isHeld switch { true => "a hold", false => "no hold", null => "" }}");

    private static ObjectLockMode ModeOf(LockMode mode) => mode == LockMode.Compliance ? ObjectLockMode.Compliance : ObjectLockMode.Governance;

    /// <summary>Stores keep whole seconds, and none of them may be less than asked.</summary>
    private static DateTime EndOf(ObjectLock wanted) => S3Times.OfStore(wanted.Until.AddTicks(TimeSpan.TicksPerSecond - 1)).UtcDateTime;

    private static ObjectLock? LockOf(ObjectLockRetention? retention) => retention?.Mode?.Value switch
    {
        "COMPLIANCE" => new ObjectLock(LockMode.Compliance, S3Times.OfStore(retention.RetainUntilDate)),
        "GOVERNANCE" => new ObjectLock(LockMode.Governance, S3Times.OfStore(retention.RetainUntilDate)),
        _ => null,
    };

    private static S3Deed Deed(ObjectName name, string may, string right) => new($"The lock of '{name}' cannot be asked for or set", may, right) { Name = name, HasLock = true };

    /// <summary>Null where there is no lock, or none in this bucket at all.</summary>
    private async Task<T?> TryAsync<T>(S3Deed deed, Func<IAmazonS3, Task<T>> send, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return (await client.SendAsync(deed, (sdk, _) => send(sdk), cancellationToken)).Value;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.LockNotKept)
        {
            return null;
        }
    }

    private TargetException NotKept(ObjectName name, string why) => new(TargetFault.LockNotKept, $"'{name}' cannot be locked in {settings.DisplayName}: {why}.");
}
