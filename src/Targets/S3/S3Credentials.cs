using Amazon.Runtime;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.S3;

/// <summary>
/// What requests are signed with. Sessions are had at the first request, and anew when four fifths of their time are over; all requests share one, and one renewal.
/// </summary>
internal sealed class S3Credentials(ISessionSource source, TimeProvider time) : AWSCredentials, IDisposable
{
    private const double ShareOfLife = 0.8;
    private const string Nobody = "nobody";

    /// <summary>How long a session that holds goes on where its renewal failed, before that is tried again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private Held? _held;
    private Task<Held>? _renewal;

    /// <summary>For errors: whose they are.</summary>
    public string Label => source.Label;

    public string? Remedy => source.Remedy;

    /// <summary>The one that requests are signed with.</summary>
    public AWSCredentials Current => Volatile.Read(ref _held)?.Session.Keys ?? throw new InvalidOperationException("No session was asked for.");

    /// <summary>Where something else authorizes requests. The SDK signs them all the same: without credentials it leaves out the sums of what it sends too.</summary>
    public static S3Credentials Replaced(string label, TimeProvider time) => new(new KeySource(S3Session.Of(Nobody, Nobody, null), label), time);

    /// <exception cref="BackupException">None can be had.</exception>
    public Task<S3Session> GetAsync(CancellationToken cancellationToken) => GetAsync(null, cancellationToken);

    /// <summary>After the store refused one: it may have been taken back before its time. Renewed meanwhile by another request, it is not renewed again.</summary>
    /// <returns>False where there is no other.</returns>
    /// <exception cref="BackupException">None can be had.</exception>
    public async Task<bool> RenewAsync(S3Session refused, CancellationToken cancellationToken) =>
        !string.Equals((await GetAsync(refused, cancellationToken)).KeyId, refused.KeyId, StringComparison.Ordinal);

    public override ImmutableCredentials GetCredentials() => Current.GetCredentials();

    public override string ToString() => nameof(S3Credentials);

    public void Dispose() => source.Dispose();

    private async Task<S3Session> GetAsync(S3Session? refused, CancellationToken cancellationToken)
    {
        Task<Held> renewal;
        lock (_gate)
        {
            if (_held is { } held && !ReferenceEquals(held.Session, refused) && time.GetUtcNow() < held.RenewAt)
            {
                return held.Session;
            }

            // Of no caller's own token: the others wait for it too.
            renewal = _renewal ??= Task.Run(() => RenewAsync(refused), CancellationToken.None);
        }

        return (await renewal.WaitAsync(cancellationToken)).Session;
    }

    private async Task<Held> RenewAsync(S3Session? refused)
    {
        var asked = time.GetUtcNow();
        try
        {
            var session = await source.AskAsync();
            return Take(new Held(session, session.Ends is { } ends ? asked + (ShareOfLife * (ends - asked)) : DateTimeOffset.MaxValue));
        }
        catch (BackupException) when (_held is { Session: { Ends: { } ends } session } && !ReferenceEquals(session, refused) && time.GetUtcNow() < ends)
        {
            return Take(new Held(session, asked + Pause < ends ? asked + Pause : ends));
        }
        catch
        {
            Take(null);
            throw;
        }
    }

    private Held Take(Held? held)
    {
        lock (_gate)
        {
            _renewal = null;
            return (_held = held ?? _held)!;
        }
    }

    private sealed record Held(S3Session Session, DateTimeOffset RenewAt);
}
