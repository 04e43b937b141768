using SecureBackup.Tests.Servers.Doubles.Aws;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Amazon's behaviour, and what other providers do otherwise.</summary>
public sealed record S3DoubleOptions
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string Region { get; init; } = "eu-central-1";

    /// <summary>Over TLS, with a certificate of an authority whose file <see cref="S3Double.AuthorityFile"/> is.</summary>
    public bool IsSecure { get; init; }

    public S3Key Key { get; init; } = S3Key.New();

    /// <summary>Tokens that are taken instead of a signature, as IBM's are.</summary>
    public ISet<string> BearerTokens { get; init; } = new HashSet<string>(StringComparer.Ordinal);

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
}
