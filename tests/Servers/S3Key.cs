namespace SecureBackup.Tests.Servers;

/// <summary>An access key and its secret.</summary>
public sealed record S3Key(string Id, string Secret)
{
    public static S3Key New() => new($"AK{Guid.NewGuid():n}"[..20].ToUpperInvariant(), Guid.NewGuid().ToString("n") + Guid.NewGuid().ToString("n")[..8]);
}
