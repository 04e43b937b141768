using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace SecureBackup.Tests.Servers.Doubles.Aws;

/// <summary>A key pair that holds for a while, and its token.</summary>
public sealed record AwsSession(S3Key Key, string Token, DateTimeOffset Ends);

/// <summary>The sessions that one account has given, by whom ever; what signs with them is looked up here.</summary>
public sealed class AwsSessions
{
    private readonly ConcurrentDictionary<string, AwsSession> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _issued = new();

    /// <summary>The ways in which sessions were given, one each: role, web, instance, container.</summary>
    public IReadOnlyCollection<string> Issued => _issued;

    /// <summary>All that was secret in them.</summary>
    public IEnumerable<string> Secrets => _sessions.Values.SelectMany(static session => new[] { session.Key.Secret, session.Token });

    public AwsSession Issue(string way, DateTimeOffset ends)
    {
        var session = new AwsSession(S3Key.New(), $"IQoJ{Convert.ToBase64String(RandomNumberGenerator.GetBytes(48))}", ends);
        _sessions[session.Key.Id] = session;
        _issued.Enqueue(way);
        return session;
    }

    /// <summary>Null for one that nobody gave, or that was taken back.</summary>
    public AwsSession? Find(string keyId) => _sessions.GetValueOrDefault(keyId);

    public void RevokeAll() => _sessions.Clear();
}
