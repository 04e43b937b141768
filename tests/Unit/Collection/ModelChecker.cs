namespace SecureBackup.Tests.Unit.Collection;

/// <summary>What a search found.</summary>
/// <param name="Violation">What does not hold in some reachable state; null where everything holds in all of them.</param>
/// <param name="Trace">How that state is reached.</param>
internal sealed record ModelResult(long States, string? Violation, IReadOnlyList<string> Trace);

/// <summary>
/// Enumerates every state that the protocol can reach, whatever the order of the steps: each party may stand still at any point for any time (it sleeps), or for ever (it crashed); a manifest that
/// was sent may arrive late, and after its writer's death; each listing may miss what is younger than the lag, object by object, and show what is gone.
/// </summary>
internal sealed class ModelChecker(ModelSize size, ProtocolRules rules)
{
    private readonly HashSet<UInt128> _seen = [];
    private readonly Dictionary<UInt128, (UInt128 From, string Step)> _from = [];
    private readonly Queue<UInt128> _open = new();
    private UInt128 _now;
    private string? _violation;

    /// <summary>Remember how each state was reached: more memory.</summary>
    internal bool KeepsTraces { get; init; }

    internal ModelResult Run(CancellationToken cancellationToken)
    {
        var start = new World { HasOld = true, OldGone = WriterState.None };
        for (var i = 0; i < 2; i++)
        {
            start.Writers[i] = new WriterState { First = WriterState.None, Last = WriterState.None, End = WriterState.None, Manifest = WriterState.None, Pack = WriterState.None, LapseAge = WriterState.None };
        }

        Reach(start, "start");
        while (_violation is null && _open.TryDequeue(out _now))
        {
            if ((_seen.Count & 0xFFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            Expand(World.Decode(_now));
        }

        return new ModelResult(_seen.Count, _violation, TraceOf(_now));
    }

    private bool Keeps(ProtocolRules rule) => rules.HasFlag(rule);

    private void Expand(World world)
    {
        Tick(world);
        for (var i = 0; i < size.Writers && _violation is null; i++)
        {
            WriterModel.Expand(this, world, i);
        }

        for (var i = 0; i < size.Maintainers && _violation is null; i++)
        {
            MaintainerModel.Expand(this, world, i);
        }
    }

    internal ModelSize Size => size;

    internal bool Has(ProtocolRules rule) => Keeps(rule);

    internal void Fail(string violation) => _violation ??= violation;

    internal void Reach(World world, string step)
    {
        if (_violation is not null)
        {
            return;
        }

        var key = Simplest(world);
        if (_seen.Add(key))
        {
            _open.Enqueue(key);
            if (KeepsTraces)
            {
                _from[key] = (_now, step);
            }

            Judge(world, key);
        }
    }

    /// <summary>What no step and no promise can tell apart is one state: facts that no longer matter are forgotten, and writers have no order.</summary>
    private UInt128 Simplest(World world)
    {
        for (var i = 0; i < 2; i++)
        {
            ref var writer = ref world.Writers[i];
            var isOver = writer.Step is WriterStep.Succeeded or WriterStep.Failed || (writer.IsDead && writer.Step != WriterStep.Sent);
            if ((writer.End != WriterState.None && writer.End >= size.Lag) || (isOver && writer.Last >= size.LastCap))
            {
                (writer.First, writer.Last) = (WriterState.None, WriterState.None);
                writer.End = WriterState.None;
            }

            if (writer.Step == WriterStep.Succeeded)
            {
                (writer.HasLapsed, writer.IsLate, writer.IsDead) = (false, false, false);
            }
            else if (isOver && (writer.HasLapsed || writer.IsLate || writer.Manifest == WriterState.None))
            {
                // Nobody reports its snapshot; that it is one keeps its pack.
                (writer.HasLapsed, writer.IsLate) = (writer.Manifest != WriterState.None, false);
            }
        }

        var key = world.Encode();
        if (size.Writers < 2)
        {
            return key;
        }

        (world.Writers[0], world.Writers[1]) = (world.Writers[1], world.Writers[0]);
        for (var i = 0; i < 2; i++)
        {
            world.Markers[i].Packs = Swapped(world.Markers[i].Packs);
            world.Maintainers[i].Needed = Swapped(world.Maintainers[i].Needed);
        }

        var other = world.Encode();
        return other < key ? other : key;
    }

    private static int Swapped(int packs) => (packs & 1) | ((packs & 2) << 1) | ((packs & 4) >> 1);

    /// <summary>The promises. A snapshot that a run reported is whole; so is one that arrived while its session lived, whether or not anybody still reports it.</summary>
    private void Judge(World world, UInt128 key)
    {
        for (var i = 0; i < size.Writers; i++)
        {
            var writer = world.Writers[i];
            var isPromised = writer.Step == WriterStep.Succeeded || (writer.Manifest != WriterState.None && !writer.IsLate && !writer.HasLapsed);
            if (isPromised && !world.Has(World.NeedOf(writer, i)))
            {
                Fail($"writer {i} lacks a pack of a snapshot that {(writer.Step == WriterStep.Succeeded ? "it reported" : "was committed in time")}");
                _now = key;
            }
        }
    }

    private void Tick(World world)
    {
        for (var i = 0; i < 2; i++)
        {
            ref var writer = ref world.Writers[i];
            Age(ref writer.First, size.FirstCap);
            Age(ref writer.Last, size.LastCap);
            Age(ref writer.End, size.Lag);
            Age(ref writer.Manifest, size.Lag);
            Age(ref writer.Pack, size.Lapse + 1);
            writer.LapseAge = writer.LapseAge + 1 < size.Lag ? writer.LapseAge + 1 : WriterState.None;
            ref var marker = ref world.Markers[i];
            if (marker.Packs != 0)
            {
                Age(ref marker.Age, size.VoidAge);
            }
        }

        if (world.OldGone < size.Lag)
        {
            world.OldGone++;
        }
        else
        {
            world.OldGone = WriterState.None;
        }

        Reach(world, "a tick passes");
    }

    private static void Age(ref int age, int cap) => age = age == WriterState.None ? age : Math.Min(age + 1, cap);

    private List<string> TraceOf(UInt128 key)
    {
        var trace = new List<string>();
        while (_violation is not null && _from.TryGetValue(key, out var from) && !from.Step.Equals("start", StringComparison.Ordinal))
        {
            trace.Add(from.Step);
            key = from.From;
        }

        trace.Reverse();
        return trace;
    }
}
