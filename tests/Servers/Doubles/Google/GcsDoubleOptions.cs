using System.Security.Cryptography.X509Certificates;

namespace SecureBackup.Tests.Servers.Doubles.Google;

public sealed record GcsDoubleOptions
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Who knows the tokens. Without one no token is right.</summary>
    public GoogleIamDouble? Iam { get; init; }

    /// <summary>Over TLS with this one, and without TLS where there is none.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>A request without a token may do everything.</summary>
    public bool AllowsAnonymous { get; init; }

    /// <summary>One change a second of an object's name, as the platform has it.</summary>
    public bool LimitsMutations { get; init; }

    /// <summary>The most that one page of a listing holds, whatever was asked for.</summary>
    public int MaxListed { get; init; } = 1000;

    public TimeSpan SessionLife { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Takes retention and holds and keeps nothing of them: a store that lies.</summary>
    public bool IgnoresLocks { get; init; }

    /// <summary>All buckets together; more is refused.</summary>
    public long MaxBytes { get; init; } = long.MaxValue;
}
