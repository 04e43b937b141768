using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Google;

/// <summary>Locks by object retention (Unlocked: who has a right of its own may lift it; Locked: nobody) and legal holds by temporary holds.</summary>
internal sealed class GcsLocks(GcsClient client, GcsSettings settings, GcsNaming naming)
{
    private const string Unlocked = "Unlocked";
    private const string Locked = "Locked";
    private const int PutsBetweenReadBacks = 50;

    private int _puts;

    public static GcsRetention RetentionOf(ObjectLock wanted) => new(wanted.Mode == LockMode.Compliance ? Locked : Unlocked, Ceiling(wanted).Until.ToUniversalTime());

    public static LockState StateOf(GcsObject stored) => new(
        stored.Retention is { RetainUntilTime: { } until, Mode: Locked or Unlocked } kept ? new ObjectLock(kept.Mode is Locked ? LockMode.Compliance : LockMode.Governance, until) : null,
        stored.TemporaryHold);

    public static bool IsKept(LockState state, PutOptions options) =>
        (options.Lock is not { } wanted || state.IsAtLeast(wanted)) && (!options.LegalHold || state.LegalHold);

    /// <summary>The first of a target, and every fiftieth.</summary>
    public bool IsReadBackDue() => (Interlocked.Increment(ref _puts) - 1) % PutsBetweenReadBacks == 0;

    public async Task<LockState> GetAsync(ObjectName name, CancellationToken cancellationToken) => StateOf((await ReadAsync(name, cancellationToken)).Object);

    public async Task<LockState> ExtendAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken)
    {
        var (stored, now) = await ReadAsync(name, cancellationToken);
        var kept = StateOf(stored).Lock is { } standing && standing.Until > now ? standing : null;
        if (kept is not null && (until.Mode < kept.Mode || Ceiling(until).Until < kept.Until))
        {
            throw new TargetException(
                TargetFault.Locked, $"'{name}' in {settings.DisplayName} is locked ({kept.Mode}) until {kept.Until:u}, and a lock is neither shortened nor weakened.");
        }

        if (kept is null || until.Mode != kept.Mode || Ceiling(until).Until > kept.Until)
        {
            // The platform asks for this word where an unlocked retention becomes a locked one; that it is not shortened was looked at, and the condition holds it.
            var overrides = kept is not null && until.Mode != kept.Mode ? "&overrideUnlockedRetention=true" : "";
            await ChangeAsync(name, stored, new GcsChange { Retention = RetentionOf(until) }, overrides, cancellationToken);
        }

        var state = await GetAsync(name, cancellationToken);
        return state.IsAtLeast(until) ? state : throw NotKept(name, state, until);
    }

    public async Task<LockState> HoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken)
    {
        var (stored, _) = await ReadAsync(name, cancellationToken);
        if (stored.TemporaryHold != isHeld)
        {
            await ChangeAsync(name, stored, new GcsChange { TemporaryHold = isHeld }, "", cancellationToken);
        }

        var state = await GetAsync(name, cancellationToken);
        return state.LegalHold == isHeld ? state : throw NotKept(name, state, null);
    }

    /// <param name="wanted">Null where a hold was asked for.</param>
    public TargetException NotKept(ObjectName name, LockState state, ObjectLock? wanted) => new(
        TargetFault.LockNotKept,
        string.Create(
            CultureInfo.InvariantCulture,
            $"'{name}' in {settings.DisplayName} was to be {(wanted is null ? "held" : $"locked ({wanted.Mode}) until {wanted.Until:u}")}, and the store says {Describe(state)}."));

    private static string Describe(LockState state) =>
        $"{(state.Lock is { } kept ? string.Create(CultureInfo.InvariantCulture, $"{kept.Mode} until {kept.Until:u}") : "no lock")} and {(state.LegalHold ? "a hold" : "no hold")}";

    /// <summary>The next whole second: whatever fractions the platform keeps, it keeps the lock long enough.</summary>
    private static ObjectLock Ceiling(ObjectLock wanted) =>
        wanted with { Until = new DateTimeOffset((wanted.Until.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, wanted.Until.Offset) };

    private Task<(GcsObject Object, DateTimeOffset Now)> ReadAsync(ObjectName name, CancellationToken cancellationToken) => client.SendAsync(
        GcsDeed.Stat(name),
        new GcsRequest(HttpMethod.Get, naming.Object(name, "fields=size,timeCreated,generation,metageneration,retention,temporaryHold"), RequestKind.Other),
        async answer => (await GcsClient.ReadAsync(answer, GcsJson.Default.GcsObject) ?? throw client.NoAnswer(GcsDeed.Stat(name)), answer.Date),
        cancellationToken);

    private async Task ChangeAsync(ObjectName name, GcsObject seen, GcsChange change, string query, CancellationToken cancellationToken)
    {
        var condition = string.Create(CultureInfo.InvariantCulture, $"generation={seen.Generation}&ifMetagenerationMatch={seen.Metageneration}&fields=metageneration{query}");
        var request = new GcsRequest(HttpMethod.Patch, naming.Object(name, condition), RequestKind.Other) { Content = _ => GcsClient.JsonOf(change, GcsJson.Default.GcsChange) };
        try
        {
            await client.SendAsync(GcsDeed.Lock(name), request, cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.PreconditionFailed)
        {
            throw new TargetException(TargetFault.Unavailable, $"'{name}' in {settings.DisplayName} was changed by somebody else at the same moment.", exception);
        }
    }
}
