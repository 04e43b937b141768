using System.Net;
using Amazon.Runtime;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.S3;

/// <summary>A bucket, on any store that speaks S3. Platforms add what only their buckets have.</summary>
internal class S3Setup : TargetSetup
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(2);

    private readonly S3Settings _settings;
    private readonly S3Client _client;
    private readonly S3Facts _facts;
    private readonly S3Rights _rights;
    private readonly HttpClient _anonymous;
    private readonly TimeProvider _time;
    private S3Plan? _plan;
    private bool _isMade;

    public S3Setup(S3Settings settings, S3Credentials credentials, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _client = new S3Client(settings, credentials, Meter, time);
        _facts = new S3Facts(_client, settings);
        _rights = new S3Rights(_client, settings, _facts);
        _anonymous = StoreHttp.CreateClient(new HttpStoreOptions
        {
            Endpoint = settings.Endpoint,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            StallTimeout = settings.StallTimeout,
            Meter = Meter,
            Classify = S3Requests.Classify,
        });
    }

    public sealed override TargetMeter Meter { get; } = new();

    /// <summary>Each is signed for its region. What buckets say of theirs has other names: none, EU, eu-de-smart.</summary>
    public sealed override bool IsRegionProvedByRequests => true;

    public sealed override IReadOnlyList<string> LeftOut => _plan?.LeftOut ?? [];

    protected S3Settings Settings => _settings;

    protected S3Facts Facts => _facts;

    /// <summary>How long a setting may take until it is seen.</summary>
    protected virtual TimeSpan SettlesWithin => TimeSpan.Zero;

    public override async Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken) =>
        await _facts.InspectAsync(cancellationToken) is { Count: > 1 } facts ? await CompleteAsync(facts, cancellationToken) : [new TargetFact(SetupItem.Place, FactState.Known, null)];

    public override Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken)
    {
        _plan = S3Plan.Of(_settings, _facts, wishes, facts, _isMade);
        return Task.FromResult(_plan.Changes);
    }

    public override async Task ApplyAsync(SetupChange change, CancellationToken cancellationToken)
    {
        var deed = _plan?.DeedOf(change) ?? throw new InvalidOperationException("Nothing was planned.");
        if (await RereadAsync(change, cancellationToken))
        {
            return;
        }

        try
        {
            await _client.SendAsync(
                S3Deed.Place($"{change.Item} cannot be set", RightOf(change.Item)),
                async (sdk, guard) =>
                {
                    await deed(sdk, guard.Token);
                    return true;
                },
                cancellationToken);
        }
        catch (TargetException exception) when ((exception.InnerException as AmazonServiceException)?.StatusCode is HttpStatusCode.Conflict || exception.Fault is TargetFault.Unsupported or TargetFault.LockNotKept)
        {
            throw new RequestException(FaultCodes.SetupRefused, $"{exception.Message} {(change.Item is SetupItem.ObjectLock ? "This store turns object lock on only when a bucket is made: use a new one." : "")}".TrimEnd(), exception);
        }

        await RequireKeptAsync(change, cancellationToken);
        _isMade |= change.Item is SetupItem.Place;
    }

    public override Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken) => _rights.FindAsync(cancellationToken);

    public override Task<bool?> CanShortenAsync(ObjectName name, ObjectLock shorter, CancellationToken cancellationToken) => _rights.CanShortenAsync(name, shorter, cancellationToken);

    public override Task<bool?> CanLiftAsync(ObjectName name, CancellationToken cancellationToken) => _rights.CanLiftAsync(name, cancellationToken);

    public override async Task<DateTimeOffset?> AskTimeAsync(CancellationToken cancellationToken)
    {
        var request = new ListObjectsRequest { BucketName = _settings.Bucket, Prefix = _settings.Prefix, MaxKeys = 1, ExpectedBucketOwner = _settings.Owner };
        return (await _client.SendAsync(S3Deed.List(""), (sdk, guard) => sdk.ListObjectsAsync(request, guard.Token), cancellationToken)).Date;
    }

    public override Task<bool?> IsReadableByAllAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var key = string.Join('/', new S3Naming(_settings.Prefix).KeyOf(name).Split('/').Select(Uri.EscapeDataString));
        return AnonymousRead.TryAsync(_anonymous, new Uri(_settings.BucketAddress, key), _settings.StallTimeout, _time, cancellationToken);
    }

    /// <summary>What only buckets of this platform have.</summary>
    protected virtual Task<IReadOnlyList<TargetFact>> CompleteAsync(IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken) => Task.FromResult(facts);

    private static string RightOf(string item) => item switch
    {
        SetupItem.Place => "s3:CreateBucket",
        SetupItem.PublicAccessBlock => "s3:PutBucketPublicAccessBlock",
        SetupItem.PublicAccess => "s3:PutBucketAcl",
        SetupItem.ObjectOwnership => "s3:PutBucketOwnershipControls",
        SetupItem.TransportPolicy => "s3:PutBucketPolicy",
        SetupItem.Encryption => "s3:PutEncryptionConfiguration",
        SetupItem.Versioning => "s3:PutBucketVersioning",
        SetupItem.Lifecycle => "s3:PutLifecycleConfiguration",
        _ => "s3:PutBucketObjectLockConfiguration",
    };

    /// <summary>What others write too is added to as it is now, not as it was before somebody thought about the change.</summary>
    /// <returns>True where there is nothing left to do.</returns>
    private async Task<bool> RereadAsync(SetupChange change, CancellationToken cancellationToken)
    {
        if (change.Item is not (SetupItem.TransportPolicy or SetupItem.Lifecycle or SetupItem.DefaultRetention))
        {
            return false;
        }

        var now = await _facts.ReadAsync(change.Item, cancellationToken);
        if (now.State != FactState.Known)
        {
            throw new RequestException(FaultCodes.SetupRefused, $"{change.Item} of {_settings.DisplayName} can no longer be read, so nothing of it is changed.");
        }

        return IsMade(change, now.Value, _settings.DisplayName);
    }

    /// <summary>Never the store's word for it that it has done as it was told.</summary>
    private async Task RequireKeptAsync(SetupChange change, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        while (await FindMissingAsync(change, cancellationToken) is { } missing)
        {
            if (_time.GetElapsedTime(start) >= SettlesWithin)
            {
                throw missing;
            }

            await Task.Delay(LookAgainAfter, _time, cancellationToken);
        }
    }

    /// <summary>Null where the store says that it is as it was to be.</summary>
    private async Task<Exception?> FindMissingAsync(SetupChange change, CancellationToken cancellationToken)
    {
        if (change.Item is SetupItem.Place)
        {
            return await IsThereAsync(cancellationToken) ? null : new RequestException(FaultCodes.SetupRefused, $"The bucket {_settings.Bucket} was made, and cannot be looked at.");
        }

        var fact = await _facts.ReadAsync(change.Item, cancellationToken);
        var now = change.Item is SetupItem.Lifecycle ? S3Lifecycle.TextOf(S3Lifecycle.OursOf(_facts.Rules, _settings.Prefix)) : fact.Value;
        if (string.Equals(now, change.To, StringComparison.Ordinal))
        {
            return null;
        }

        var message = $"{change.Item} of {_settings.DisplayName} was set to {change.To}, and the store says {now ?? "none"}.";
        return change.Item is SetupItem.ObjectLock or SetupItem.DefaultRetention ? new TargetException(TargetFault.LockNotKept, message) : new RequestException(FaultCodes.SetupRefused, message);
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await _facts.ReadAsync(SetupItem.Region, cancellationToken)).State == FactState.Known;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.PlaceMissing)
        {
            return false;
        }
    }

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        _anonymous.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
