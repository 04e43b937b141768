using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.Setup;

/// <summary>What the checks of one test share: the place, its target, opened anew with what was learnt so far, and a folder of their own in it that no vault looks into.</summary>
public sealed class ProbeRun : IAsyncDisposable
{
    /// <summary>No test may take so long (an hour at the most); what is older is another one's rest.</summary>
    private static readonly TimeSpan StaleAge = TimeSpan.FromHours(2);

    private const int TokenBytes = 8;

    /// <summary>What a legal hold is tried with. One that still stands would keep it for ever.</summary>
    internal const string Held = "held";

    private readonly Func<TargetSettings, Target> _open;
    private readonly Dictionary<string, string> _learnt = new(StringComparer.Ordinal);
    private readonly HashSet<string> _assumed = new(StringComparer.Ordinal);
    private readonly HashSet<ObjectName> _named = [];
    private readonly string _own = $"{ObjectPrefix.Probes}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes))}/";
    private IReadOnlyList<TargetFact>? _facts;
    private TargetException? _unreachable;
    private bool _wasReached;
    private TargetTraffic _earlier = TargetTraffic.None;

    /// <param name="open">Asks nothing of the store.</param>
    /// <param name="setup">From now on the run's own.</param>
    public ProbeRun(TargetSettings settings, Func<TargetSettings, Target> open, TargetSetup setup, TimeProvider time)
    {
        Settings = settings;
        Setup = setup;
        Time = time;
        _open = open;
        Target = open(settings);
    }

    /// <summary>With what was learnt.</summary>
    public TargetSettings Settings { get; private set; }

    public Target Target { get; private set; }

    public TargetSetup Setup { get; }

    public TimeProvider Time { get; }

    /// <summary>Options that the target should have from now on.</summary>
    public IReadOnlyDictionary<string, string> Learnt => _learnt;

    /// <summary>Where the place lies; null where neither the store says so nor a request would be refused that is signed for another region.</summary>
    public string? Region { get; internal set; }

    /// <summary>How far this computer is ahead of the store.</summary>
    public TimeSpan? ClockDifference { get; private set; }

    /// <summary>Those that were proved to be kept.</summary>
    public LockModes LockModes { get; internal set; }

    public IReadOnlyList<string> RightsTooWide { get; internal set; } = [];

    /// <summary>The right to list is missing.</summary>
    internal TargetException? ListRefusal { get; private set; }

    /// <summary>What was put under <c>small</c>; null before, and where nothing could be put.</summary>
    internal PutReceipt? Probe { get; set; }

    /// <summary>Null where it was not tried, or a lock alone refused it.</summary>
    internal bool? MayDelete { get; set; }

    /// <summary>It may delete what is locked in the mode Governance.</summary>
    internal bool MayLift { get; set; }

    public IReadOnlyList<TargetFact> Facts => _facts ?? [];

    public TargetTraffic Traffic => Sum(_earlier, Sum(Target.Meter.Sample(), Setup.Meter.Sample()));

    public ObjectName Name(string last)
    {
        var name = new ObjectName(_own + last);
        _named.Add(name);
        return name;
    }

    public async Task<TargetFact?> FindFactAsync(string item, CancellationToken cancellationToken)
    {
        _facts ??= await Setup.InspectAsync(cancellationToken);
        return _facts.FirstOrDefault(fact => string.Equals(fact.Item, item, StringComparison.Ordinal));
    }

    /// <summary>An option that is new, or another than the target has, opens it anew.</summary>
    public async Task LearnAsync(string option, string value)
    {
        if (_assumed.Remove(option) || !Has(option, value))
        {
            await OpenWithAsync(option, value);
            _learnt[option] = value;
        }
    }

    /// <summary>Opens the target with an option that is still to be proved: nobody keeps it before it is learnt.</summary>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>: the platform has no such option.</exception>
    internal async Task AssumeAsync(string option, string value)
    {
        await OpenWithAsync(option, value);
        _assumed.Add(option);
    }

    private bool Has(string option, string value) => string.Equals(Settings.Option(option), value, StringComparison.OrdinalIgnoreCase);

    private async Task OpenWithAsync(string option, string value)
    {
        if (Has(option, value))
        {
            return;
        }

        var settings = Settings with { Options = new Dictionary<string, string>(Settings.Options, StringComparer.Ordinal) { [option] = value } };
        var target = _open(settings);
        _earlier = Sum(_earlier, Target.Meter.Sample());
        await Target.DisposeAsync();
        (Settings, Target) = (settings, target);
    }

    /// <param name="before">When the store was asked what came with its time.</param>
    internal void CompareClocks(DateTimeOffset before, DateTimeOffset told) => ClockDifference = before + ((Time.GetUtcNow() - before) / 2) - told;

    /// <summary>What keeps every request from being answered as one of this place; null where nothing does.</summary>
    public async Task<TargetException?> ReachAsync(CancellationToken cancellationToken)
    {
        if (_wasReached)
        {
            return _unreachable;
        }

        try
        {
            await using var first = Target.ListAsync(ObjectPrefix.Probes, cancellationToken).GetAsyncEnumerator(cancellationToken);
            await first.MoveNextAsync();
        }
        catch (TargetException exception) when (exception.Fault is not (TargetFault.AccessDenied or TargetFault.NotFound))
        {
            _unreachable = exception;
        }
        catch (TargetException exception)
        {
            ListRefusal = exception;
        }

        _wasReached = true;
        return _unreachable;
    }

    /// <summary>Deletes what this run left, and what an earlier one left because it was locked; never what others put there. What may not be deleted stays: it is small, and no vault sees it.</summary>
    public async Task CleanAsync(CancellationToken cancellationToken)
    {
        try
        {
            var names = await FindRestsAsync(cancellationToken);
            await ReleaseAsync(names.Where(static name => name.Value.EndsWith($"/{Held}", StringComparison.Ordinal)), cancellationToken);
            if (names.Count > 0)
            {
                await Target.DeleteManyAsync([.. names], cancellationToken);
            }
        }
        catch (Exception exception) when (exception is TargetException or OperationCanceledException)
        {
            // Locked, or without the right: the next test's turn.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Target.DisposeAsync();
        await Setup.DisposeAsync();
    }

    /// <summary>Without the right to list, what this run may have put.</summary>
    private async Task<IReadOnlyCollection<ObjectName>> FindRestsAsync(CancellationToken cancellationToken)
    {
        var found = new List<ObjectStat>();
        try
        {
            await foreach (var stat in Target.ListAsync(ObjectPrefix.Probes, cancellationToken))
            {
                found.Add(stat);
            }
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            return _named;
        }

        var now = found.Count == 0 ? DateTimeOffset.MinValue : found.Max(static stat => stat.StoreTime);
        return found.Where(stat => stat.Name.Value.StartsWith(_own, StringComparison.Ordinal) || (IsOfRun(stat.Name) && now - stat.StoreTime > StaleAge)).Select(static stat => stat.Name).ToList();
    }

    private async Task ReleaseAsync(IEnumerable<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var name in Target.Capabilities.LegalHold ? names : [])
        {
            try
            {
                await Target.SetLegalHoldAsync(name, isHeld: false, cancellationToken);
            }
            catch (TargetException)
            {
                // Nothing holds it, or this credential may not say so: the delete that follows tells.
            }
        }
    }

    private static bool IsOfRun(ObjectName name)
    {
        var rest = name.Value[ObjectPrefix.Probes.Length..];
        return rest.IndexOf('/', StringComparison.Ordinal) == 2 * TokenBytes && rest[..(2 * TokenBytes)].All(char.IsAsciiHexDigitLower);
    }

    private static TargetTraffic Sum(TargetTraffic left, TargetTraffic right) => new()
    {
        Puts = left.Puts + right.Puts,
        Gets = left.Gets + right.Gets,
        Stats = left.Stats + right.Stats,
        Lists = left.Lists + right.Lists,
        Deletes = left.Deletes + right.Deletes,
        Others = left.Others + right.Others,
        Retries = left.Retries + right.Retries,
        BytesSent = left.BytesSent + right.BytesSent,
        BytesReceived = left.BytesReceived + right.BytesReceived,
    };
}
