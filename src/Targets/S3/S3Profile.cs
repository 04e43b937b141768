using System.Collections.Immutable;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.S3;

/// <summary>How the store is told what the body of a put must hash to.</summary>
internal enum PayloadMode
{
    /// <summary>The SHA-256 is part of the signature. Every server checks that.</summary>
    Signed,

    /// <summary>Over TLS the body is not signed, and the server checks the header <c>x-amz-checksum-sha256</c>.</summary>
    Checksummed,
}

internal enum ConditionalPutSupport
{
    Yes,

    /// <summary>Some servers pass the condition over, or do where the bucket keeps versions (Ceph 16): sent, and counted on only where it was tried.</summary>
    Unproved,

    /// <summary>Some places of the platform ignore the condition: taken only where it was tried.</summary>
    Probe,
}

/// <summary>A store that speaks S3: what it wants said differently, what it lacks, and what it is called.</summary>
internal sealed record S3Profile
{
    public required string Name { get; init; }

    public required string Scheme { get; init; }

    /// <summary>From a region and the target's options to the endpoint; null where one must be given.</summary>
    public Func<string, Func<string, bool>, string>? EndpointOf { get; init; }

    /// <summary>Null where one must be given.</summary>
    public string? DefaultRegion { get; init; }

    /// <summary>The regions that there are; empty where any is taken, as it is at an endpoint of one's own.</summary>
    public IReadOnlyList<string> Regions { get; init; } = [];

    public bool UsesPathStyle { get; init; }

    public PayloadMode Payload { get; init; }

    public bool SendsMd5 { get; init; }

    /// <summary>False where a request with a header <c>x-amz-checksum-…</c> is refused.</summary>
    public bool TakesChecksumHeaders { get; init; } = true;

    /// <summary>A put with a lock must have this sum, whatever others it has.</summary>
    public bool SendsMd5WithLocks { get; init; } = true;

    public ConditionalPutSupport ConditionalPut { get; init; }

    /// <summary>A multipart upload can be completed on condition that the name is free.</summary>
    public bool HasConditionalComplete { get; init; }

    /// <summary>What is longer goes in parts.</summary>
    public long MultipartThresholdBytes { get; init; } = 4L << 30;

    public int ListVersion { get; init; } = 2;

    public bool EncodesListings { get; init; } = true;

    /// <summary>Asks for encryption by the store's own keys in each put, and proves by the answer that it was done.</summary>
    public bool AsksForEncryption { get; init; }

    public IReadOnlyList<string> ReadyClasses { get; init; } = [];

    /// <summary>Classes whose objects must be warmed before they can be read.</summary>
    public IReadOnlyList<string> ColdClasses { get; init; } = [];

    /// <summary>How fast an object is warmed can be chosen.</summary>
    public bool HasWarmSpeeds { get; init; } = true;

    /// <summary>From a class and a speed to how long warming takes at the longest, by the provider's documents.</summary>
    public Func<string, WarmSpeed, TimeSpan> WarmsWithin { get; init; } = static (storageClass, speed) => TimeSpan.FromHours((storageClass, speed) switch
    {
        ("DEEP_ARCHIVE", WarmSpeed.Bulk) => 48,
        ("DEEP_ARCHIVE", _) or (_, WarmSpeed.Bulk) => 12,
        (_, WarmSpeed.Expedited) => 1d / 12,
        _ => 5,
    });

    /// <summary>Classes that a bucket has as a whole, where that is so: none goes with a put then. The first is that of a bucket whose class nobody named.</summary>
    public IReadOnlyList<string> BucketClasses { get; init; } = [];

    /// <summary>A rule of a bucket can move packs, and nothing else, to an archive.</summary>
    public bool MovesPacksToArchive { get; init; } = true;

    /// <summary>Objects can be encrypted with a key of the customer that the platform keeps.</summary>
    public bool TakesKmsKeys { get; init; } = true;

    public LockModes LockModes { get; init; } = LockModes.Governance | LockModes.Compliance;

    /// <summary>Object lock can be turned on after a bucket was made.</summary>
    public bool LocksLate { get; init; } = true;

    /// <summary>A retention policy that is none of Object Lock's keeps a bucket from having versions.</summary>
    public bool RetentionPolicyExcludesVersions { get; init; }

    /// <summary>Of <see cref="SetupItem"/>, what buckets do not have; it is not asked for, because some servers answer such a question with something else.</summary>
    public IReadOnlyList<string> BucketsLack { get; init; } = [];

    /// <summary>From a region and a bucket's class to what a new bucket is said to lie in; null for what cannot or need not be said.</summary>
    public Func<string, string?, string?> LocationOf { get; init; } = static (_, _) => null;

    /// <summary>Null where the target's option says it.</summary>
    public bool? IsVersioned { get; init; }

    public long MaxObjectBytes { get; init; } = 5L << 40;

    /// <summary>What is deleted sooner is paid for all the same; null where there is no such rule, or it is the class's.</summary>
    public TimeSpan? MinStorageTime { get; init; }

    /// <inheritdoc cref="MinStorageTime"/>
    public IReadOnlyDictionary<string, TimeSpan> MinStorageTimes { get; init; } = ImmutableDictionary<string, TimeSpan>.Empty;

    /// <summary>What to do about a key that is refused, where this platform has a reason of its own.</summary>
    public string? KeyRemedy { get; init; }

    /// <summary>From a refusal's code and message to what this platform alone means by them; else null.</summary>
    public Func<string, string, TargetFault?> OwnFault { get; init; } = static (_, _) => null;

    /// <summary>Takes what the platform knows this computer as, and roles.</summary>
    public bool TakesIdentities { get; init; }

    /// <summary>Machines of the platform have an identity of their own.</summary>
    public bool IsOfMachines { get; init; }

    /// <summary>From a region and the target's options to where roles are taken on; null where that is the store itself.</summary>
    public Func<string, Func<string, bool>, string>? TokenServiceOf { get; init; }

    /// <summary>Options beside those that every S3 store has.</summary>
    public IReadOnlyList<string> OwnOptions { get; init; } = [];
}
