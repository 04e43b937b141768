using System.Net;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Http;

/// <summary>How the requests of one target travel.</summary>
internal sealed record HttpStoreOptions
{
    public static TimeSpan DefaultStallTimeout { get; } = TimeSpan.FromSeconds(60);

    public required Uri Endpoint { get; init; }

    /// <summary>An address, or <c>none</c>; null takes the one of this computer's settings.</summary>
    public string? Proxy { get; init; }

    /// <summary>A file of certificates (PEM) of the authorities that are trusted instead of the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>For servers that ask a question first (Digest).</summary>
    public ICredentials? Credentials { get; init; }

    /// <summary>Twice what the workers of a restore ask for at most: a question that waits for a connection would count as stalled.</summary>
    public int MaxConnections { get; init; } = 32;

    /// <summary>How long a request may wait without a byte moving.</summary>
    public TimeSpan StallTimeout { get; init; } = DefaultStallTimeout;

    public required TargetMeter Meter { get; init; }

    /// <summary>What a request is counted as; null for those that are none of the store's (tokens).</summary>
    public required Func<HttpRequestMessage, RequestKind?> Classify { get; init; }
}
