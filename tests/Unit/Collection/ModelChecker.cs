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
    private readonly StateTable _states = new();
    private int _now = -1;
    private int _end;
    private string? _violation;

    /// <summary>While a trace is told: the state of which it is asked by what step it is reached, and the answer.</summary>
    private (UInt128 State, string? Step)? _asked;

    internal ModelResult Run(CancellationToken cancellationToken)
    {
        var start = new World { HasOld = true, OldGone = WriterState.None };
        for (var i = 0; i < 2; i++)
        {
            start.Writers[i] = new WriterState { First = WriterState.None, Last = WriterState.None, End = WriterState.None, Manifest = WriterState.None, Pack = WriterState.None, LapseAge = WriterState.None };
        }

        Reach(start, "start");
        for (_now = 0; _violation is null && _now < _states.Count; _now++)
        {
            if ((_now & 0xFFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            Expand(World.Decode(_states[_now]));
        }

        return new ModelResult(_states.Count, _violation, _violation is null ? [] : TraceOf(_end));
    }

    private bool Keeps(ProtocolRules rule) => rules.HasFlag(rule);

    private void Expand(World world)
    {
        Tick(world);
        for (var i = 0; i < size.Writers; i++)
        {
            WriterModel.Expand(this, world, i);
        }

        for (var i = 0; i < size.Maintainers; i++)
        {
            MaintainerModel.Expand(this, world, i);
        }
    }

    internal ModelSize Size => size;

    internal bool Has(ProtocolRules rule) => Keeps(rule);

    /// <summary>The state at hand breaks a promise, or its next step does.</summary>
    internal void Fail(string violation)
    {
        if (_violation is null)
        {
            (_violation, _end) = (violation, _now);
        }
    }

    internal void Reach(World world, string step)
    {
        if (_asked is { Step: null } asked && Simplest(world) == asked.State)
        {
            _asked = asked with { Step = step };
        }

        if (_violation is null && _states.TryAdd(Simplest(world), _now))
        {
            Judge(world);
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
    private void Judge(World world)
    {
        for (var i = 0; i < size.Writers; i++)
        {
            var writer = world.Writers[i];
            var isPromised = writer.Step == WriterStep.Succeeded || (writer.Manifest != WriterState.None && !writer.IsLate && !writer.HasLapsed);
            if (isPromised && !world.Has(World.NeedOf(writer, i)))
            {
                Fail($"writer {i} lacks a pack of a snapshot that {(writer.Step == WriterStep.Succeeded ? "it reported" : "was committed in time")}");
                _end = _states.Count - 1;
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

    /// <summary>Takes each step of the way again, since none was written down.</summary>
    private List<string> TraceOf(int end)
    {
        var trace = new List<string>();
        for (var number = end; _states.OriginOf(number) is >= 0 and var origin; number = origin)
        {
            _asked = (_states[number], null);
            Expand(World.Decode(_states[origin]));
            trace.Add(_asked.Value.Step ?? throw new InvalidOperationException("A state was reached by no step."));
        }

        trace.Reverse();
        return trace;
    }
}
