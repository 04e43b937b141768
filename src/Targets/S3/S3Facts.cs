using System.Globalization;
using System.Net;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.S3;

/// <summary>What a bucket is set to, a question for each setting. Servers that lack one say so in their own ways.</summary>
internal sealed class S3Facts(S3Client client, S3Settings settings)
{
    /// <summary>How <see cref="SetupItem.PublicAccess"/> begins where it is given by the access list of the bucket.</summary>
    public const string ByAccessList = "its access list gives everybody";

    private const int MaxUploads = 1000;

    /// <summary>An answer without what was asked for: the server does not know the question, and says so with 200 and a document of another kind.</summary>
    private const string NoAnswer = "?";

    /// <summary>Errors that mean: nothing of the kind is set.</summary>
    private static readonly string[] NothingSet =
    [
        "NoSuchBucketPolicy", "ServerSideEncryptionConfigurationNotFoundError", "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError", "ReplicationConfigurationNotFoundError", "ObjectLockConfigurationNotFoundError",
    ];

    private static readonly string[] Everybody = ["http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"];

    /// <summary>Of the last inspection.</summary>
    public string? Policy { get; private set; }

    /// <inheritdoc cref="Policy"/>
    public IReadOnlyList<LifecycleRule> Rules { get; private set; } = [];

    /// <inheritdoc cref="Policy"/>
    public DefaultRetention? Retention { get; private set; }

    /// <summary>What the access list of the bucket gives to others than its owner, everybody not counted; null where that is nothing, or may not be asked.</summary>
    public string? OtherGrants { get; private set; }

    /// <summary>What stands beside the rules, and would be lost where they are put without it.</summary>
    public TransitionDefaultMinimumObjectSize? SmallestMoved { get; private set; }

    public async Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken)
    {
        var facts = new List<TargetFact>();
        try
        {
            facts.Add(await ReadAsync(SetupItem.Region, cancellationToken));
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.PlaceMissing)
        {
            return [new TargetFact(SetupItem.Place, FactState.Known, null)];
        }

        facts.Insert(0, new TargetFact(SetupItem.Place, FactState.Known, settings.Bucket));
        foreach (var item in new[]
        {
            SetupItem.Encryption, SetupItem.Versioning, SetupItem.ObjectLock, SetupItem.DefaultRetention, SetupItem.PublicAccess, SetupItem.PublicAccessBlock,
            SetupItem.ObjectOwnership, SetupItem.TransportPolicy, SetupItem.Lifecycle,
        })
        {
            facts.Add(await ReadAsync(item, cancellationToken));
        }

        var lifecycle = facts[^1];
        facts.Add(lifecycle with { Item = SetupItem.LifecycleReach, Value = lifecycle.State == FactState.Known ? S3Lifecycle.ReachOf(Rules, settings.Prefix) : null });
        facts.Add(await ReadAsync(SetupItem.UnfinishedUploads, cancellationToken));
        facts.Add(await ReadAsync(SetupItem.Replication, cancellationToken));
        return facts;
    }

    /// <summary>One setting as it is now. Of a bucket without a policy the SDK hands the error on as if it were one.</summary>
    public async Task<TargetFact> ReadAsync(string item, CancellationToken cancellationToken)
    {
        if (settings.Profile.BucketsLack.Contains(item, StringComparer.Ordinal))
        {
            return new TargetFact(item, FactState.NotOffered, null);
        }

        var bucket = settings.Bucket;
        var owner = settings.Owner;
        switch (item)
        {
            case SetupItem.Region:
                return await AskAsync(item, "s3:GetBucketLocation", (sdk, token) => sdk.GetBucketLocationAsync(new GetBucketLocationRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), answer => answer.Location?.Value is { Length: > 0 } region ? region : settings.Region, cancellationToken);
            case SetupItem.Encryption:
                return await AskAsync(item, "s3:GetEncryptionConfiguration", (sdk, token) => sdk.GetBucketEncryptionAsync(new GetBucketEncryptionRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), EncryptionText, cancellationToken);
            case SetupItem.Versioning:
                return await AskAsync(item, "s3:GetBucketVersioning", (sdk, token) => sdk.GetBucketVersioningAsync(new GetBucketVersioningRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), static answer => answer.VersioningConfig?.Status is { } status && status != VersionStatus.Off ? status == VersionStatus.Enabled ? SetupItem.On : SetupItem.Suspended : SetupItem.Off, cancellationToken);
            case SetupItem.ObjectLock:
                var isLocked = await AskLockAsync(item, static found => found?.ObjectLockEnabled == ObjectLockEnabled.Enabled ? SetupItem.On : SetupItem.Off, cancellationToken);
                return isLocked is { State: FactState.Known, Value: null } ? isLocked with { Value = SetupItem.Off } : isLocked;
            case SetupItem.DefaultRetention:
                Retention = null;
                return await AskLockAsync(item, found => (Retention = found?.Rule?.DefaultRetention) is { } retention ? RetentionText(retention) : null, cancellationToken);
            case SetupItem.PublicAccess:
                return await ReadPublicAccessAsync(cancellationToken);
            case SetupItem.PublicAccessBlock:
                var block = await AskAsync(item, "s3:GetBucketPublicAccessBlock", (sdk, token) => sdk.GetPublicAccessBlockAsync(new GetPublicAccessBlockRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), static answer => answer.PublicAccessBlockConfiguration is null ? NoAnswer : IsWhole(answer.PublicAccessBlockConfiguration) ? SetupItem.On : SetupItem.Off, cancellationToken);
                return block is { State: FactState.Known, Value: null } ? block with { Value = SetupItem.Off } : block;
            case SetupItem.ObjectOwnership:
                return await AskAsync(item, "s3:GetBucketOwnershipControls", (sdk, token) => sdk.GetBucketOwnershipControlsAsync(new GetBucketOwnershipControlsRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), static answer => answer.OwnershipControls is null ? NoAnswer : answer.OwnershipControls.Rules?.FirstOrDefault()?.ObjectOwnership?.Value, cancellationToken);
            case SetupItem.TransportPolicy:
                Policy = null;
                var policy = await AskAsync(item, "s3:GetBucketPolicy", (sdk, token) => sdk.GetBucketPolicyAsync(new GetBucketPolicyRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), answer => Policy = answer.Policy?.Contains("<Code>NoSuchBucketPolicy</Code>", StringComparison.Ordinal) == true ? null : answer.Policy, cancellationToken);
                return policy.State == FactState.Known ? policy with { Value = S3Policies.DemandsTls(Policy, bucket, settings.Prefix) ? SetupItem.On : SetupItem.Off } : policy;
            case SetupItem.Lifecycle:
                (Rules, SmallestMoved) = ([], null);
                return await AskAsync(item, "s3:GetLifecycleConfiguration", (sdk, token) => sdk.GetLifecycleConfigurationAsync(new GetLifecycleConfigurationRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), answer => KeepRules(answer).Count == 0 ? null : S3Lifecycle.TextOf(Rules), cancellationToken);
            case SetupItem.UnfinishedUploads:
                return await AskAsync(item, "s3:ListBucketMultipartUploads", (sdk, token) => sdk.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, Prefix = settings.Prefix, MaxUploads = MaxUploads, ExpectedBucketOwner = owner }, token), static answer => (answer.MultipartUploads?.Count ?? 0).ToString(CultureInfo.InvariantCulture), cancellationToken);
            case SetupItem.Replication:
                return await AskAsync(item, "s3:GetReplicationConfiguration", (sdk, token) => sdk.GetBucketReplicationAsync(new GetBucketReplicationRequest { BucketName = bucket, ExpectedBucketOwner = owner }, token), static answer => answer.Configuration?.Rules is { Count: > 0 } rules ? string.Join("; ", rules.Select(static rule => $"{rule.Id}: {rule.Status?.Value} to {rule.Destination?.BucketArn}")) : null, cancellationToken);
            default:
                throw new ArgumentOutOfRangeException(nameof(item), item, "No setting of a bucket.");
        }
    }

    /// <summary>A setting that only one platform has. Nothing is set where there is none (404), and an answer of another kind is none.</summary>
    /// <param name="query">Which setting.</param>
    /// <param name="root">The element that the answer is.</param>
    /// <param name="read">Null where nothing is set.</param>
    public async Task<TargetFact> ReadOwnAsync(string item, string query, string root, Func<XElement, string?> read, CancellationToken cancellationToken)
    {
        try
        {
            var answer = (await client.AskAsync(S3Deed.Place($"{item} cannot be read", $"to read ?{query}"), query, cancellationToken)).Value;
            return string.Equals(answer.Name.LocalName, root, StringComparison.Ordinal) ? new TargetFact(item, FactState.Known, read(answer)) : new TargetFact(item, FactState.NotOffered, null);
        }
        catch (TargetException exception) when (exception.InnerException is AmazonServiceException { StatusCode: HttpStatusCode.NotFound, ErrorCode: not "NoSuchBucket" })
        {
            return new TargetFact(item, FactState.Known, null);
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.AccessDenied or TargetFault.Unsupported)
        {
            return new TargetFact(item, exception.Fault == TargetFault.AccessDenied ? FactState.Denied : FactState.NotOffered, null);
        }
    }

    public static bool IsForEverybody(S3Grant grant) => Everybody.Contains(grant.Grantee?.URI, StringComparer.Ordinal);

    public static string RetentionText(DefaultRetention retention) => retention.Years is > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{retention.Mode?.Value} {retention.Years} years")
        : string.Create(CultureInfo.InvariantCulture, $"{retention.Mode?.Value} {retention.Days ?? 0} days");

    /// <summary>Shorter, or in a weaker mode.</summary>
    public static bool IsLess(DefaultRetention one, DefaultRetention other) =>
        DaysOf(one) < DaysOf(other) || (other.Mode == ObjectLockRetentionMode.Compliance && one.Mode != ObjectLockRetentionMode.Compliance);

    private static int DaysOf(DefaultRetention retention) => retention.Years is > 0 and var years ? years * 365 : retention.Days ?? 0;

    private IReadOnlyList<LifecycleRule> KeepRules(GetLifecycleConfigurationResponse answer)
    {
        (Rules, SmallestMoved) = (S3Lifecycle.WithFilters(answer.Configuration?.Rules ?? []), answer.TransitionDefaultMinimumObjectSize);
        return Rules;
    }

    private static bool IsWhole(PublicAccessBlockConfiguration? block) =>
        block is { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };

    /// <summary>The SDK takes the error that says that none is set for an answer.</summary>
    private static string? EncryptionText(GetBucketEncryptionResponse answer) => answer.ServerSideEncryptionConfiguration is null ? answer.HttpStatusCode == HttpStatusCode.NotFound ? null : NoAnswer
        : answer.ServerSideEncryptionConfiguration?.ServerSideEncryptionRules?.FirstOrDefault()?.ServerSideEncryptionByDefault is { ServerSideEncryptionAlgorithm: { } algorithm } rule
            ? rule.ServerSideEncryptionKeyManagementServiceKeyId is { Length: > 0 } key ? $"{algorithm.Value} {key}" : algorithm.Value
            : null;

    /// <summary>By policy, or by the access list of the bucket; where neither may be asked, nothing is claimed.</summary>
    private async Task<TargetFact> ReadPublicAccessAsync(CancellationToken cancellationToken)
    {
        var hasPolicies = !settings.Profile.BucketsLack.Contains(SetupItem.TransportPolicy, StringComparer.Ordinal);
        var byPolicy = !hasPolicies ? new TargetFact(SetupItem.PublicAccess, FactState.NotOffered, null) : await AskAsync(SetupItem.PublicAccess, "s3:GetBucketPolicyStatus", (sdk, token) => sdk.GetBucketPolicyStatusAsync(new GetBucketPolicyStatusRequest { BucketName = settings.Bucket, ExpectedBucketOwner = settings.Owner }, token), static answer => answer.PolicyStatus?.IsPublic == true ? "its policy lets everybody in" : null, cancellationToken);
        var byList = await AskAsync(SetupItem.PublicAccess, "s3:GetBucketAcl", (sdk, token) => sdk.GetBucketAclAsync(new GetBucketAclRequest { BucketName = settings.Bucket, ExpectedBucketOwner = settings.Owner }, token), GrantText, cancellationToken);
        return byList.Value is not null ? byList
            : byPolicy.Value is not null ? byPolicy
            : byPolicy.State == FactState.Denied || byList.State == FactState.Denied ? byPolicy with { State = FactState.Denied }
            : byPolicy with { State = FactState.Known, Value = SetupItem.Off };
    }

    private string? GrantText(GetBucketAclResponse answer)
    {
        var others = (answer.Grants ?? []).Where(grant => !IsForEverybody(grant) && (grant.Grantee?.CanonicalUser is not { } id || !string.Equals(id, answer.Owner?.Id, StringComparison.Ordinal)));
        OtherGrants = string.Join(", ", others.Select(static grant => $"{grant.Permission?.Value} to {grant.Grantee?.URI ?? grant.Grantee?.CanonicalUser ?? "another"}")) is { Length: > 0 } text ? text : null;
        var grants = (answer.Grants ?? []).Where(IsForEverybody).Select(static grant => grant.Permission?.Value).ToList();
        return grants.Count > 0 ? $"{ByAccessList} {string.Join(", ", grants)}" : null;
    }

    private Task<TargetFact> AskLockAsync(string item, Func<ObjectLockConfiguration?, string?> read, CancellationToken cancellationToken) => AskAsync(
        item,
        "s3:GetBucketObjectLockConfiguration",
        (sdk, token) => sdk.GetObjectLockConfigurationAsync(new GetObjectLockConfigurationRequest { BucketName = settings.Bucket, ExpectedBucketOwner = settings.Owner }, token),
        answer => read(answer.ObjectLockConfiguration),
        cancellationToken);

    private async Task<TargetFact> AskAsync<T>(string item, string right, Func<IAmazonS3, CancellationToken, Task<T>> ask, Func<T, string?> read, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.SendAsync(S3Deed.Place($"{item} cannot be read", right), (sdk, guard) => ask(sdk, guard.Token), cancellationToken);
            return read(answer.Value) is var value && value is NoAnswer ? new TargetFact(item, FactState.NotOffered, null) : new TargetFact(item, FactState.Known, value);
        }
        catch (TargetException exception) when (NothingSet.Contains((exception.InnerException as AmazonServiceException)?.ErrorCode, StringComparer.Ordinal))
        {
            return new TargetFact(item, FactState.Known, null);
        }
        catch (TargetException exception) when (exception.Fault is TargetFault.AccessDenied or TargetFault.Unsupported)
        {
            return new TargetFact(item, exception.Fault == TargetFault.AccessDenied ? FactState.Denied : FactState.NotOffered, null);
        }
    }
}
