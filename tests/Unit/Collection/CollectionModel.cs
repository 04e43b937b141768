using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>The rules of the protocol, each of which can be left out to see that the checker notices.</summary>
[Flags]
internal enum ProtocolRules
{
    None = 0,

    /// <summary>A marker waits out the grace time.</summary>
    Grace = 1,

    /// <summary>A marker waits for every session older than itself.</summary>
    SessionWait = 2,

    /// <summary>Manifests are listed again after the wait.</summary>
    ListAgain = 4,

    /// <summary>What is needed then stays.</summary>
    Lift = 8,

    /// <summary>Packs younger than the lapse time are not condemned.</summary>
    SpareYoung = 16,

    /// <summary>A writer does not use packs under a marker that it saw.</summary>
    ShunMarked = 32,

    /// <summary>A writer that lapsed looks at packs and markers before it commits.</summary>
    LookBefore = 64,

    /// <summary>And after.</summary>
    LookAfter = 128,

    /// <summary>Nothing is deleted under a marker that is nearly void.</summary>
    Deadline = 256,

    /// <summary>A session is announced before markers are looked at.</summary>
    AnnounceFirst = 512,

    /// <summary>A marker goes when its packs are gone and every listing shows it, or when it is void.</summary>
    KeepMarker = 1024,

    All = 2047,
}

/// <summary>How large a world is enumerated. Times are in ticks of the store's clock.</summary>
/// <param name="Lag">By how much a listing may be behind, each object by itself.</param>
/// <param name="HasRestarts">Whether a writer that broke off runs once more and takes over what it had stored.</param>
internal sealed record ModelSize(int Writers, int Maintainers, int Lag, int Grace, int Lapse, bool HasRestarts)
{
    /// <summary>How many markers may stand at once; with one, a void marker goes before another is written.</summary>
    internal int Markers { get; init; } = 2;

    internal int VoidAge => 2 * Grace;

    internal int FirstCap => VoidAge + Lag + 1;

    internal int LastCap => Lapse + Lag + 1;

    public override string ToString() =>
        $"{Writers} writers, {Maintainers} maintainer(s), listings up to {Lag} tick(s) behind, grace {Grace}, lapse {Lapse}{(HasRestarts ? ", with restarts" : "")}{(Markers == 1 ? ", one marker" : "")}";
}

internal enum WriterStep
{
    Idle,
    Announced,
    Looked,
    Stored,
    Confirmed,
    Checked,
    Sent,
    Committed,
    Ended,
    Succeeded,
    Failed,
}

internal enum MaintainerStep
{
    Idle,

    /// <summary>Has listed manifests, to condemn.</summary>
    Marking,

    /// <summary>Has listed sessions and seen that the wait is over.</summary>
    Waited,

    /// <summary>Has listed manifests again.</summary>
    Deleting,
}

/// <summary>A run that needs one chunk, which lies in the old pack or is stored anew in the writer's own. Ages are in ticks.</summary>
internal struct WriterState
{
    internal const int None = 15;

    public WriterStep Step;
    public bool IsDead;
    public bool HasRestarted;
    public bool UsesOld;
    public bool ShunsOwn;
    public bool HasLapsed;
    public bool IsLate;
    public int First;
    public int Last;
    public int End;
    public int Manifest;
    public int Pack;

    /// <summary>Of the announcement that came after a lapse, while a listing may miss it.</summary>
    public int LapseAge;

    public readonly bool IsRunning => !IsDead && Step is > WriterStep.Idle and < WriterStep.Succeeded;
}

internal struct MaintainerState
{
    public MaintainerStep Step;

    /// <summary>Packs that the last listing of manifests showed as needed, a bit each.</summary>
    public int Needed;

    public int Marker;
}

internal struct MarkerState
{
    /// <summary>A bit each; 0 for a free place.</summary>
    public int Packs;
    public int Age;
    public bool IsThere;
}

[InlineArray(2)]
internal struct Two<T>
{
    private T _first;
}

/// <summary>One state of the world. Pack 1 is old and was needed by a snapshot that is removed; packs 2 and 4 are the writers' own.</summary>
internal struct World
{
    public Two<WriterState> Writers;
    public Two<MaintainerState> Maintainers;
    public Two<MarkerState> Markers;

    /// <summary>Whether the old pack is there, or else for how long it has been gone, as far as a listing may not know it.</summary>
    public bool HasOld;
    public int OldGone;

    public readonly bool Has(int pack) => pack == 1 ? HasOld : Writers[pack >> 2].Pack != WriterState.None;

    public static int NeedOf(WriterState writer, int index) => writer.UsesOld ? 1 : 2 << index;

    public readonly UInt128 Encode()
    {
        var bits = new BitPacker();
        for (var i = 0; i < 2; i++)
        {
            var writer = Writers[i];
            bits.Add((int)writer.Step, 4).Add(writer.IsDead).Add(writer.HasRestarted).Add(writer.UsesOld).Add(writer.ShunsOwn).Add(writer.HasLapsed).Add(writer.IsLate)
                .Add(writer.First, 4).Add(writer.Last, 4).Add(writer.End, 4).Add(writer.Manifest, 4).Add(writer.Pack, 4).Add(writer.LapseAge, 4);
            bits.Add((int)Maintainers[i].Step, 2).Add(Maintainers[i].Needed, 3).Add(Maintainers[i].Marker, 1);
            bits.Add(Markers[i].Packs, 3).Add(Markers[i].Age, 4).Add(Markers[i].IsThere);
        }

        return bits.Add(HasOld).Add(OldGone, 4).Value;
    }

    public static World Decode(UInt128 value)
    {
        // The last that went in comes out first.
        var bits = new BitPacker { Value = value };
        var world = new World { OldGone = bits.Take(4), HasOld = bits.Take(1) == 1 };
        for (var i = 1; i >= 0; i--)
        {
            world.Markers[i] = new MarkerState { IsThere = bits.Take(1) == 1, Age = bits.Take(4), Packs = bits.Take(3) };
            world.Maintainers[i] = new MaintainerState { Marker = bits.Take(1), Needed = bits.Take(3), Step = (MaintainerStep)bits.Take(2) };
            world.Writers[i] = new WriterState
            {
                LapseAge = bits.Take(4),
                Pack = bits.Take(4),
                Manifest = bits.Take(4),
                End = bits.Take(4),
                Last = bits.Take(4),
                First = bits.Take(4),
                IsLate = bits.Take(1) == 1,
                HasLapsed = bits.Take(1) == 1,
                ShunsOwn = bits.Take(1) == 1,
                UsesOld = bits.Take(1) == 1,
                HasRestarted = bits.Take(1) == 1,
                IsDead = bits.Take(1) == 1,
                Step = (WriterStep)bits.Take(4),
            };
        }

        return world;
    }

    private struct BitPacker
    {
        public UInt128 Value;

        [UnscopedRef]
        public ref BitPacker Add(int number, int bits)
        {
            Value = (Value << bits) | (uint)number;
            return ref this;
        }

        [UnscopedRef]
        public ref BitPacker Add(bool flag) => ref Add(flag ? 1 : 0, 1);

        public int Take(int bits)
        {
            var taken = (int)(Value & (((UInt128)1 << bits) - 1));
            Value >>= bits;
            return taken;
        }
    }
}
