using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>One place on a store, reached two ways: over a line that goes wrong by schedule, and past it. Schedules run in it one after the other.</summary>
internal abstract class ScheduleLane : IAsyncDisposable
{
    /// <summary>No pause is long, whatever the store asks for; nor is any so long that a busy machine would be taken for a dead store.</summary>
    internal static RetryOptions Patience { get; } = new(6, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(4))
    {
        Deadline = TimeSpan.FromMinutes(1),
        MaxRetryAfter = TimeSpan.FromMilliseconds(4),
    };

    /// <summary>For how long a line that hangs is waited for. All tries together outlast a busy machine on which a store says nothing for seconds.</summary>
    protected static TimeSpan StallTimeout { get; } = TimeSpan.FromMilliseconds(1_500);

    /// <summary>What the product uses: the platform under its retries.</summary>
    internal abstract Target Faulty { get; }

    /// <summary>The bare platform, past all that goes wrong.</summary>
    internal abstract Target Clean { get; }

    /// <summary>Nothing goes wrong but by schedule: no line that seems to hang because the machine is busy.</summary>
    internal virtual bool IsExact => false;

    /// <summary>Among so many requests, from the first one on, things go wrong: about what the first half of a story has.</summary>
    internal virtual int UsualRequests => 14;

    /// <summary>How much of all requests goes wrong in the life of a vault.</summary>
    internal virtual double FaultRate => 0.05;

    /// <summary>What nobody on the way to this store can do unnoticed by all.</summary>
    internal virtual IReadOnlyList<FaultKind> Impossible => [];

    /// <summary>Whether a governance lock can be made a compliance lock without the right to lift it.</summary>
    internal bool StrengthensLocks { get; init; } = true;

    internal abstract void Begin(FaultSchedule schedule);

    /// <summary>From now on the bytes of objects come changed too where a schedule changes answers, which only who knows what they must be can notice.</summary>
    internal abstract void CorruptObjects();

    /// <summary>What lies in the place besides its objects: unfinished uploads, temporary files.</summary>
    internal virtual Task<IReadOnlyList<string>> LeftoversAsync() => Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>How many of those may stay after so much has gone wrong: what nobody could take away again, and the store itself does in its time.</summary>
    internal virtual int MostLeftovers(IReadOnlyList<FaultKind> happened) => 0;

    /// <summary>Requests of a call that takes <paramref name="usual"/> where each is one.</summary>
    internal virtual int MostRequests(int usual) => usual;

    /// <summary>Requests that a put takes when nothing goes wrong, and the look at what is there when the name is taken.</summary>
    internal virtual int PutRequests(int lengthBytes) => 3 + (lengthBytes / (4 << 20));

    public abstract ValueTask DisposeAsync();
}
