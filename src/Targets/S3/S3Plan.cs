using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.S3;

/// <summary>What must change about a bucket so that it is as wished: private, sealed, versioned, tidy.</summary>
internal sealed class S3Plan(S3Settings settings, S3Facts present, bool isNew)
{
    private const string Aes256 = "AES256";
    private const string OwnerEnforced = "BucketOwnerEnforced";

    private readonly List<(SetupChange Change, Func<IAmazonS3, CancellationToken, Task> Apply)> _steps = [];

    public List<string> LeftOut { get; } = [];

    public IReadOnlyList<SetupChange> Changes => [.. _steps.Select(static step => step.Change)];

    public Func<IAmazonS3, CancellationToken, Task> DeedOf(SetupChange change) => _steps.First(step => step.Change == change).Apply;

    /// <param name="isMade">There was no bucket, and there is one now: nobody else has anything in it.</param>
    public static S3Plan Of(S3Settings settings, S3Facts present, SetupWishes wishes, IReadOnlyList<TargetFact> facts, bool isMade)
    {
        RequireSense(settings.Profile, wishes);
        var isMissing = facts is [{ Item: SetupItem.Place, Value: null }];
        var plan = new S3Plan(settings, present, isMissing || isMade);
        if (isMissing)
        {
            plan.Add(SetupItem.Place, "none", settings.Bucket, $"Create the private bucket {settings.Bucket} in {settings.Region}{(wishes.Lock is null ? "" : " with object lock")}", (sdk, token) => sdk.PutBucketAsync(plan.Creation(wishes), token));
            facts = FactsOfNew(settings.Profile, wishes);
        }

        var known = facts.ToDictionary(static fact => fact.Item, StringComparer.Ordinal);
        plan.RequirePossible(wishes, known);
        plan.AddPrivacy(known);
        plan.AddEncryption(wishes, known);
        plan.AddVersions(wishes, known);
        plan.AddLifecycle(wishes, known);
        return plan;
    }

    private static void RequireSense(S3Profile profile, SetupWishes wishes)
    {
        RequireOffered(profile, wishes);
        if (wishes.Lock is not null && !wishes.KeepsVersions)
        {
            throw new TargetException(TargetFault.LockNotKept, "Objects can be locked only where versions are kept.");
        }

        if (wishes.DefaultRetentionDays is not null && wishes.Lock is null)
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, "A default retention needs the mode of its locks.");
        }

        if (wishes is { DefaultRetentionDays: not null, Lock: LockMode.Compliance, AllowsIrreversible: false })
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, "A default retention in the mode Compliance locks everything that is put from now on, and nobody can take that back. It is set with -Irreversible alone.");
        }

        if (wishes.ArchiveClass is not null && wishes.ArchiveAfterDays is null)
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, "An archive class needs the days after which packs go there.");
        }
    }

    private static void RequireOffered(S3Profile profile, SetupWishes wishes)
    {
        var lacking = wishes switch
        {
            { KmsKey: not null } when !profile.TakesKmsKeys => "takes no key of your own to encrypt with",
            { ArchiveAfterDays: not null } when !profile.MovesPacksToArchive => "cannot move packs alone to an archive",
            { KeepsVersions: false } when profile.IsVersioned == true => "always keeps versions",
            _ => null,
        };
        if (lacking is not null)
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, $"{profile.Name} {lacking}.");
        }
    }

    /// <exception cref="RequestException"><c>SetupRefused</c>: the bucket is one that can no longer become so.</exception>
    private void RequirePossible(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        if (known.GetValueOrDefault(SetupItem.RetentionPolicy)?.Value is { } policy and not SetupItem.Off && (wishes.Lock is not null || (wishes.KeepsVersions && settings.Profile.RetentionPolicyExcludesVersions)))
        {
            throw new RequestException(FaultCodes.SetupRefused, $"The bucket {settings.Bucket} is under a {policy}, beside which there is no object lock{(settings.Profile.RetentionPolicyExcludesVersions ? ", and no versions" : "")}.") { Remedy = "Use a bucket without it." };
        }

        if (wishes.Lock is not null && !settings.Profile.LocksLate && known.GetValueOrDefault(SetupItem.ObjectLock) is { State: FactState.Known, Value: SetupItem.Off })
        {
            throw new RequestException(FaultCodes.SetupRefused, $"{settings.Profile.Name} turns object lock on only when a bucket is made, and {settings.Bucket} was made without.") { Remedy = "Use a new bucket." };
        }
    }

    private void Add(string item, string? from, string to, string text, Func<IAmazonS3, CancellationToken, Task> apply, bool isIrreversible = false) =>
        _steps.Add((new SetupChange(item, from ?? "none", to, text, isIrreversible), apply));

    private PutBucketRequest Creation(SetupWishes wishes) => new()
    {
        BucketName = settings.Bucket,
        ObjectLockEnabledForBucket = wishes.Lock is not null,
        BucketRegionName = settings.Location,
    };

    /// <summary>What a new bucket has everywhere; whoever makes it looks again.</summary>
    private static List<TargetFact> FactsOfNew(S3Profile profile, SetupWishes wishes)
    {
        var isLocked = wishes.Lock is null ? SetupItem.Off : SetupItem.On;
        TargetFact[] usual =
        [
            new(SetupItem.PublicAccessBlock, FactState.Known, SetupItem.Off), new(SetupItem.ObjectOwnership, FactState.Known, null), new(SetupItem.TransportPolicy, FactState.Known, SetupItem.Off),
            new(SetupItem.Encryption, FactState.Known, null), new(SetupItem.Versioning, FactState.Known, profile.IsVersioned == true ? SetupItem.On : isLocked), new(SetupItem.ObjectLock, FactState.Known, isLocked),
            new(SetupItem.DefaultRetention, FactState.Known, null), new(SetupItem.Lifecycle, FactState.Known, null),
        ];
        return [.. usual.Where(fact => !profile.BucketsLack.Contains(fact.Item, StringComparer.Ordinal))];
    }

    private void AddPrivacy(Dictionary<string, TargetFact> known)
    {
        if (known.GetValueOrDefault(SetupItem.PublicAccessBlock) is { State: FactState.Known, Value: SetupItem.Off })
        {
            var all = new PublicAccessBlockConfiguration { BlockPublicAcls = true, IgnorePublicAcls = true, BlockPublicPolicy = true, RestrictPublicBuckets = true };
            Add(SetupItem.PublicAccessBlock, SetupItem.Off, SetupItem.On, "Block all public access", (sdk, token) => sdk.PutPublicAccessBlockAsync(new PutPublicAccessBlockRequest { BucketName = settings.Bucket, PublicAccessBlockConfiguration = all }, token));
        }

        if (known.GetValueOrDefault(SetupItem.PublicAccess)?.Value is { } access && access.StartsWith(S3Facts.ByAccessList, StringComparison.Ordinal))
        {
            Add(SetupItem.PublicAccess, access, SetupItem.Off, $"Take everybody off the bucket's access list, which gives them{access[S3Facts.ByAccessList.Length..]}; what it gives others stays", CloseListAsync);
        }

        if (known.GetValueOrDefault(SetupItem.ObjectOwnership) is { State: FactState.Known, Value: not OwnerEnforced and var owner })
        {
            AddOwnership(owner);
        }

        // A policy that demands TLS would lock out a server that is reached without.
        if (settings.Endpoint.Scheme is "https" && known.GetValueOrDefault(SetupItem.TransportPolicy) is { State: FactState.Known, Value: SetupItem.Off })
        {
            Add(SetupItem.TransportPolicy, SetupItem.Off, SetupItem.On, "Refuse requests without TLS, by a statement in the bucket's policy", (sdk, token) => sdk.PutBucketPolicyAsync(new PutBucketPolicyRequest { BucketName = settings.Bucket, Policy = S3Policies.WithTls(present.Policy, settings.Bucket, settings.Region) }, token));
        }
    }

    /// <summary>A bucket whose list gives others something is refused this, and what they have is not ours to take away.</summary>
    private void AddOwnership(string? now)
    {
        if (present.OtherGrants is { } others)
        {
            LeftOut.Add($"Access lists are not turned off: that of the bucket gives {others}. Give that by a policy instead, take it off the list, and run the command again.");
            return;
        }

        var rules = new OwnershipControls { Rules = [new OwnershipControlsRule { ObjectOwnership = OwnerEnforced }] };
        Add(SetupItem.ObjectOwnership, now, OwnerEnforced, "Turn access lists off: the bucket's owner owns every object", (sdk, token) => sdk.PutBucketOwnershipControlsAsync(new PutBucketOwnershipControlsRequest { BucketName = settings.Bucket, OwnershipControls = rules }, token));
    }

    /// <summary>By headers: in the body that the SDK writes, Ceph finds no grantee.</summary>
    private async Task CloseListAsync(IAmazonS3 sdk, CancellationToken cancellationToken)
    {
        var list = await sdk.GetBucketAclAsync(new GetBucketAclRequest { BucketName = settings.Bucket, ExpectedBucketOwner = settings.Owner }, cancellationToken);
        if (list.Grants is not { Count: > 0 } grants)
        {
            throw new TargetException(TargetFault.Unavailable, $"The access list of {settings.DisplayName} cannot be read, so nothing is taken off it.");
        }

        var rest = grants.Where(static grant => !S3Facts.IsForEverybody(grant)).ToLookup(static grant => grant.Permission?.Value ?? "", GranteeOf, StringComparer.Ordinal);
        string? To(S3Permission permission) => rest.Contains(permission.Value) ? string.Join(", ", rest[permission.Value]) : null;
        var request = new PutBucketAclRequest
        {
            BucketName = settings.Bucket,
            ExpectedBucketOwner = settings.Owner,
            ACL = rest.Count == 0 ? S3CannedACL.Private : null,
            GrantFullControl = To(S3Permission.FULL_CONTROL),
            GrantRead = To(S3Permission.READ),
            GrantWrite = To(S3Permission.WRITE),
            GrantReadACP = To(S3Permission.READ_ACP),
            GrantWriteACP = To(S3Permission.WRITE_ACP),
        };
        await sdk.PutBucketAclAsync(request, cancellationToken);
    }

    private static string GranteeOf(S3Grant grant) => grant.Grantee switch
    {
        { CanonicalUser: { Length: > 0 } id } => $"id=\"{id}\"",
        { URI: { Length: > 0 } group } => $"uri=\"{group}\"",
        { EmailAddress: { Length: > 0 } address } => $"emailAddress=\"{address}\"",
        _ => throw new RequestException(FaultCodes.SetupRefused, "The bucket's access list names somebody in a way that cannot be written back, so nothing is taken off it."),
    };

    private void AddEncryption(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        // A server of one's own that has no keys may say that none is set, and then refuse to set one.
        if (!settings.AsksForEncryption && wishes.KmsKey is null)
        {
            return;
        }

        var wanted = wishes.KmsKey is { } key ? $"aws:kms {key}" : Aes256;
        if (known.GetValueOrDefault(SetupItem.Encryption) is not { State: FactState.Known, Value: var now } || (wishes.KmsKey is null ? now is not null : string.Equals(now, wanted, StringComparison.Ordinal)))
        {
            return;
        }

        var rule = new ServerSideEncryptionRule
        {
            BucketKeyEnabled = wishes.KmsKey is not null,
            ServerSideEncryptionByDefault = new ServerSideEncryptionByDefault
            {
                ServerSideEncryptionAlgorithm = wishes.KmsKey is null ? ServerSideEncryptionMethod.AES256 : ServerSideEncryptionMethod.AWSKMS,
                ServerSideEncryptionKeyManagementServiceKeyId = wishes.KmsKey,
            },
        };
        var configuration = new ServerSideEncryptionConfiguration { ServerSideEncryptionRules = [rule] };
        Add(SetupItem.Encryption, now, wanted, $"Encrypt objects at rest by default ({wanted})", (sdk, token) => sdk.PutBucketEncryptionAsync(new PutBucketEncryptionRequest { BucketName = settings.Bucket, ServerSideEncryptionConfiguration = configuration }, token));
    }

    private void AddVersions(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        if (wishes.KeepsVersions && known.GetValueOrDefault(SetupItem.Versioning) is { State: FactState.Known, Value: { } now and not SetupItem.On })
        {
            Add(SetupItem.Versioning, now, SetupItem.On, "Keep versions of objects that are deleted or overwritten", (sdk, token) => sdk.PutBucketVersioningAsync(new PutBucketVersioningRequest { BucketName = settings.Bucket, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } }, token));
        }

        if (wishes.Lock is not { } mode)
        {
            return;
        }

        var locks = known.GetValueOrDefault(SetupItem.ObjectLock);
        if (locks is not { State: FactState.Known })
        {
            throw new TargetException(TargetFault.LockNotKept, $"Whether {settings.DisplayName} can lock objects {(locks?.State == FactState.Denied ? "may not be asked with this credential" : "cannot be found out: it does not offer it")}.");
        }

        var configuration = new ObjectLockConfiguration { ObjectLockEnabled = ObjectLockEnabled.Enabled };
        if (locks.Value is SetupItem.Off)
        {
            Add(SetupItem.ObjectLock, SetupItem.Off, SetupItem.On, "Turn object lock on, which stays on for as long as the bucket exists", (sdk, token) => sdk.PutObjectLockConfigurationAsync(new PutObjectLockConfigurationRequest { BucketName = settings.Bucket, ObjectLockConfiguration = configuration }, token));
        }

        if (wishes.DefaultRetentionDays is { } days)
        {
            AddRetention(wishes, mode, days, known.GetValueOrDefault(SetupItem.DefaultRetention)?.Value);
        }
    }

    private void AddRetention(SetupWishes wishes, LockMode mode, int days, string? now)
    {
        var retention = new DefaultRetention { Days = days, Mode = mode == LockMode.Compliance ? ObjectLockRetentionMode.Compliance : ObjectLockRetentionMode.Governance };
        var wanted = S3Facts.RetentionText(retention);
        if (!string.Equals(now, wanted, StringComparison.Ordinal))
        {
            var isLess = now is not null && present.Retention is { } kept && S3Facts.IsLess(retention, kept);
            var text = isLess ? CommonRetention.Shorten(wishes, now!, wanted) : string.Create(CultureInfo.InvariantCulture, $"Lock every object for {days} days from its put on ({mode}), also those that a vault wants to delete sooner");
            var configuration = new ObjectLockConfiguration { ObjectLockEnabled = ObjectLockEnabled.Enabled, Rule = new ObjectLockRule { DefaultRetention = retention } };
            Add(SetupItem.DefaultRetention, now, wanted, text, (sdk, token) => sdk.PutObjectLockConfigurationAsync(new PutObjectLockConfigurationRequest { BucketName = settings.Bucket, ObjectLockConfiguration = configuration }, token), isIrreversible: isLess || mode == LockMode.Compliance);
        }
    }

    private void AddLifecycle(SetupWishes wishes, Dictionary<string, TargetFact> known)
    {
        if (known.GetValueOrDefault(SetupItem.Lifecycle) is not { State: FactState.Known })
        {
            return;
        }

        var isVersioned = wishes.KeepsVersions && known.GetValueOrDefault(SetupItem.Versioning) is { State: FactState.Known };
        var wanted = S3Lifecycle.Wanted(wishes, present.Rules, settings.Prefix, isVersioned, settings.Profile.ColdClasses is [var first, ..] ? first : "GLACIER");
        var (now, then) = (S3Lifecycle.TextOf(S3Lifecycle.OursOf(present.Rules, settings.Prefix)), S3Lifecycle.TextOf(wanted));
        if (string.Equals(now, then, StringComparison.Ordinal))
        {
            return;
        }

        if (!WholeBucket.MayBeTidied(wishes, settings.Prefix, isNew, out var others))
        {
            LeftOut.Add(WholeBucket.LeftOut);
            return;
        }

        Add(SetupItem.Lifecycle, now.Length == 0 ? null : now, then, $"Set lifecycle rules{(others ? WholeBucket.Text : "")}: {then}", (sdk, token) => sdk.PutLifecycleConfigurationAsync(RulesOf(wanted), token), isIrreversible: others);
    }

    private PutLifecycleConfigurationRequest RulesOf(IReadOnlyList<LifecycleRule> wanted) => new()
    {
        BucketName = settings.Bucket,
        Configuration = new LifecycleConfiguration { Rules = S3Lifecycle.Merge(present.Rules, wanted, settings.Prefix) },
        TransitionDefaultMinimumObjectSize = present.SmallestMoved,
    };
}
