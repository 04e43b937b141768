using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Setup;

/// <summary>
/// The place itself (bucket, container, folder) instead of the objects in it: what it is set to, what must change so that backups are safe there, and the changes. Opening asks
/// nothing of the store. One platform each; none shows a secret in a fact, a change or an error.
/// </summary>
public abstract class TargetSetup : IAsyncDisposable
{
    /// <summary>What was asked of the store, apart from what its target asks.</summary>
    public virtual TargetMeter Meter { get; } = new();

    /// <summary>What the last plan leaves as it is although every place should have it, and why: a sentence each.</summary>
    public virtual IReadOnlyList<string> LeftOut => [];

    /// <summary>What the place is set to now, an item once. A refused question is <see cref="FactState.Denied"/> and no error; a missing place is the fact <see cref="SetupItem.Place"/> without a value, and then the only one.</summary>
    /// <exception cref="TargetException">What concerns the place as a whole: the credential, the clock, the region, the way there.</exception>
    public abstract Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken);

    /// <summary>What has to change, in the order in which it must be done; nothing where the place is as wished. Asks the store only what <paramref name="facts"/> leave open.</summary>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c> for wishes that contradict each other or that the platform lacks; <c>SetupRefused</c> for those that this place can no longer get.</exception>
    public abstract Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken);

    /// <summary>Makes one change of the last plan, and reads back what the store says about it.</summary>
    /// <exception cref="RequestException"><c>SetupRefused</c>.</exception>
    /// <exception cref="TargetException"><c>LockNotKept</c>, <c>AccessDenied</c> and what else the store says.</exception>
    public abstract Task ApplyAsync(SetupChange change, CancellationToken cancellationToken);

    /// <summary>Rights of the credential that a host which only backs up should not have, each in the platform's own name. Changes nothing, or puts back what it changed.</summary>
    /// <exception cref="TargetException">It cannot be found out.</exception>
    public abstract Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken);

    /// <summary>The clock of the store, by any answer; null where it does not tell.</summary>
    public virtual Task<DateTimeOffset?> AskTimeAsync(CancellationToken cancellationToken) => Task.FromResult<DateTimeOffset?>(null);

    /// <summary>Whether a request is refused that was made for another region than that of the place; where none is, the fact tells.</summary>
    public virtual bool IsRegionProvedByRequests => false;

    /// <summary>Whether somebody without a credential is given the object; null where there is no such way to ask.</summary>
    public virtual Task<bool?> IsReadableByAllAsync(ObjectName name, CancellationToken cancellationToken) => Task.FromResult<bool?>(null);

    /// <summary>Options of the target that say what was found out about its place, so that nothing of it need be asked again.</summary>
    public virtual IReadOnlyDictionary<string, string> OptionsFrom(IReadOnlyList<TargetFact> facts) =>
        facts.FirstOrDefault(static fact => fact.Item is SetupItem.Versioning) is { State: FactState.Known, Value: { } value }
            ? new Dictionary<string, string>(StringComparer.Ordinal) { ["versioning"] = value is SetupItem.On or SetupItem.Suspended ? value : SetupItem.Off }
            : new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whether the store itself lets a lock be shortened, of an object made to find that out; null where there is no way to ask it past the target, which refuses by itself.</summary>
    public virtual Task<bool?> CanShortenAsync(ObjectName name, ObjectLock shorter, CancellationToken cancellationToken) => Task.FromResult<bool?>(null);

    /// <summary>Whether this credential can delete an object under a lock of the mode Governance, made to find that out; null where <see cref="FindRightsTooWideAsync"/> tells.</summary>
    public virtual Task<bool?> CanLiftAsync(ObjectName name, CancellationToken cancellationToken) => Task.FromResult<bool?>(null);

    public abstract ValueTask DisposeAsync();

    /// <summary>Of a default retention only what somebody was asked about is done: no other period is locked for ever, and none that was set meanwhile is overwritten.</summary>
    /// <param name="now">As it was read a moment ago.</param>
    /// <returns>True where it is so already: an earlier try was carried out, and its answer lost.</returns>
    /// <exception cref="RequestException"><c>SetupRefused</c>.</exception>
    protected static bool IsMade(SetupChange change, string? now, string place)
    {
        if (change.Item is not SetupItem.DefaultRetention || string.Equals(now ?? "none", change.From, StringComparison.Ordinal))
        {
            return false;
        }

        return string.Equals(now, change.To, StringComparison.Ordinal) ? true
            : throw new RequestException(FaultCodes.SetupRefused, $"{change.Item} of {place} is {now ?? "none"}, and the change to {change.To} was meant for {change.From}: it is not made.") { Remedy = "Run the command again, and look at what it asks." };
    }
}
