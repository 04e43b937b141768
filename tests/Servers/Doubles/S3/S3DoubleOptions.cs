using SecureBackup.Tests.Servers.Doubles.Aws;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Amazon's behaviour, and what other providers do otherwise.</summary>
public sealed record S3DoubleOptions
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string Region { get; init; } = "eu-central-1";

    /// <summary>Buckets may lie in regions that Amazon does not have.</summary>
    public bool HasOwnRegions { get; init; }

    /// <summary>Over TLS, with a certificate of an authority whose file <see cref="S3Double.AuthorityFile"/> is.</summary>
    public bool IsSecure { get; init; }

    public S3Key Key { get; init; } = S3Key.New();

    /// <summary>Whose the buckets are: who expects somebody else's is refused.</summary>
    public string Owner { get; init; } = "111122223333";

    /// <summary>Judges the header of a request that has a token instead of a signature, as IBM's have; null where none is taken.</summary>
    public Func<string, bool>? IsToken { get; init; }

    /// <summary>After so many wrong keys one after the other nobody is let in for <see cref="LockoutTime"/>, with a right one neither, as at Wasabi.</summary>
    public int? LocksOutAfter { get; init; }

    public static TimeSpan LockoutTime { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Operations that it does not have, by their names in the contract.</summary>
    public IReadOnlyList<string> Lacks { get; init; } = [];

    /// <summary>Settings of a bucket that this provider alone has: the name in the query, and the root of their document.</summary>
    public IReadOnlyDictionary<string, string> OwnSettings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Who asks for the object lock of a bucket without is given a listing of the bucket, as at Wasabi.</summary>
    public bool ListsInsteadOfLocks { get; init; }

    /// <summary>Every bucket has versions from the first moment on, as at Backblaze B2.</summary>
    public bool AlwaysKeepsVersions { get; init; }

    /// <summary>How long settings of a bucket take until they are seen, as at IBM.</summary>
    public TimeSpan SettingsShowAfter { get; init; }

    /// <summary>A request with a sum of the newer kind is refused, as at Backblaze B2.</summary>
    public bool RefusesChecksums { get; init; }

    /// <summary>Keys that hold for a while, as whoever gives them has it.</summary>
    public AwsSessions Sessions { get; init; } = new();

    /// <summary>A put on condition overwrites all the same.</summary>
    public bool IgnoresConditions { get; init; }

    /// <summary>Headers and requests for locks are taken, and nothing is kept.</summary>
    public bool IgnoresLocks { get; init; }

    /// <summary>Locks and holds are kept as they were asked for, and everything can be deleted and shortened all the same.</summary>
    public bool OnlyNotesLocks { get; init; }

    /// <summary>A policy is taken whatever it is, and whatever its sum is said to be.</summary>
    public bool TakesAnyPolicy { get; init; }

    /// <summary>Says nothing about encryption, and does none.</summary>
    public bool IgnoresEncryption { get; init; }

    /// <summary>Knows only the first version of listings.</summary>
    public bool HasOldListingsOnly { get; init; }

    /// <summary>Sums in <c>x-amz-checksum-…</c> are passed over.</summary>
    public bool IgnoresChecksums { get; init; }

    /// <summary>How long a restore from the archive takes.</summary>
    public TimeSpan RestoresWithin { get; init; } = TimeSpan.FromHours(4);

    /// <summary>All buckets together; more is refused with <see cref="QuotaCode"/>.</summary>
    public long MaxBytes { get; init; } = long.MaxValue;

    public string QuotaCode { get; init; } = "QuotaExceeded";

    public string? QuotaMessage { get; init; }

    /// <summary>Where a bucket lies that is asked for at another region's host; null where nothing is redirected.</summary>
    public string? RedirectsTo { get; init; }
}
