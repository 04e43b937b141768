using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.Setup;

/// <summary>What the checks of one test share: the place, its target, opened anew with what was learnt so far, and a folder of their own in it that no vault looks into.</summary>
public sealed class ProbeRun : IAsyncDisposable
{
    /// <summary>Vaults leave it alone.</summary>
    public const string Folder = "probe/";

    private readonly Func<TargetSettings, Target> _open;
    private readonly Dictionary<string, string> _learnt = new(StringComparer.Ordinal);
    private readonly string _own = $"{Folder}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}/";
    private IReadOnlyList<TargetFact>? _facts;
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

    /// <summary>How far this computer is ahead of the store.</summary>
    public TimeSpan? ClockDifference { get; internal set; }

    /// <summary>Those that were proved to be kept.</summary>
    public LockModes LockModes { get; internal set; }

    public IReadOnlyList<string> RightsTooWide { get; internal set; } = [];

    public IReadOnlyList<TargetFact> Facts => _facts ?? [];

    public TargetTraffic Traffic => Sum(_earlier, Sum(Target.Meter.Sample(), Setup.Meter.Sample()));

    public ObjectName Name(string last) => new(_own + last);

    public async Task<TargetFact?> FindFactAsync(string item, CancellationToken cancellationToken)
    {
        _facts ??= await Setup.InspectAsync(cancellationToken);
        return _facts.FirstOrDefault(fact => string.Equals(fact.Item, item, StringComparison.Ordinal));
    }

    /// <summary>An option that is new, or another than the target has, opens it anew.</summary>
    public async Task LearnAsync(string option, string value)
    {
        if (string.Equals(Settings.Option(option), value, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        _learnt[option] = value;
        Settings = Settings with { Options = new Dictionary<string, string>(Settings.Options, StringComparer.Ordinal) { [option] = value } };
        _earlier = Sum(_earlier, Target.Meter.Sample());
        await Target.DisposeAsync();
        Target = _open(Settings);
    }

    public async ValueTask DisposeAsync()
    {
        await Target.DisposeAsync();
        await Setup.DisposeAsync();
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
