namespace SecureBackup.Targets.S3;

/// <summary>A pair that stays, or a session that nobody here can renew.</summary>
internal sealed class KeySource(S3Session session, string label) : ISessionSource
{
    public string Label => label;

    public string? Remedy => null;

    public Task<S3Session> AskAsync() => Task.FromResult(session);

    public void Dispose()
    {
    }
}
