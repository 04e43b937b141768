namespace SecureBackup.Tests.Unit.Collection;

/// <summary>What a writer may do next: the order of <c>BackupSession</c> and <c>WriterSession</c>.</summary>
internal static class WriterModel
{
    internal static void Expand(ModelChecker model, World world, int index)
    {
        var writer = world.Writers[index];
        if (writer.Step == WriterStep.Sent)
        {
            Arrive(model, world, index);
        }

        if (writer.IsDead || writer.Step is WriterStep.Succeeded or WriterStep.Failed)
        {
            Restart(model, world, index);
            return;
        }

        Advance(model, world, index);
        if (writer.Step != WriterStep.Idle)
        {
            With(model, world, index, writer with { IsDead = true }, "crashes");
            if (writer.Step < WriterStep.Committed && writer.First != WriterState.None)
            {
                With(model, world, index, Announced(model, writer), "announces again");
            }
        }
    }

    private static void Advance(ModelChecker model, World world, int index)
    {
        var writer = world.Writers[index];
        switch (writer.Step)
        {
            case WriterStep.Idle when model.Has(ProtocolRules.AnnounceFirst):
                With(model, world, index, writer with { Step = WriterStep.Announced, First = 0, Last = 0 }, "announces itself");
                break;
            case WriterStep.Idle:
                Look(model, world, index, WriterStep.Announced);
                break;
            case WriterStep.Announced when model.Has(ProtocolRules.AnnounceFirst):
                Look(model, world, index, WriterStep.Looked);
                break;
            case WriterStep.Announced:
                With(model, world, index, writer with { Step = WriterStep.Looked, First = 0, Last = 0 }, "announces itself");
                break;
            case WriterStep.Looked:
                Store(model, world, index);
                break;
            case WriterStep.Stored:
                With(model, world, index, Announced(model, writer) with { Step = WriterStep.Confirmed }, "confirms its session");
                break;
            case WriterStep.Confirmed:
                Confirm(model, world, index, ProtocolRules.LookBefore, WriterStep.Checked);
                break;
            case WriterStep.Checked:
                With(model, world, index, writer with { Step = WriterStep.Sent }, "sends its manifest");
                break;
            case WriterStep.Committed:
                With(model, world, index, writer with { Step = WriterStep.Ended, End = 0, HasLapsed = writer.HasLapsed | (writer.Last > model.Size.Lapse) }, "ends its session");
                break;
            case WriterStep.Ended:
                Confirm(model, world, index, ProtocolRules.LookAfter, WriterStep.Succeeded);
                break;
        }
    }

    /// <summary>The manifest reaches the store, at once or late, its writer alive or not.</summary>
    private static void Arrive(ModelChecker model, World world, int index)
    {
        var writer = world.Writers[index];
        var isLate = writer.IsLate || writer.Last > model.Size.Lapse;
        if (!isLate && !world.Has(World.NeedOf(writer, index)))
        {
            model.Fail($"writer {index} commits in time a snapshot that lacks a pack");
        }

        With(model, world, index, writer with { Step = WriterStep.Committed, Manifest = 0, IsLate = isLate }, "'s manifest arrives");
    }

    /// <summary>Lists markers and packs: what is younger than the lag may be missed, and the old pack may be shown although it is gone.</summary>
    private static void Look(ModelChecker model, World world, int index, WriterStep next)
    {
        var writer = world.Writers[index];
        foreach (var marked in MarkedBits(model, world))
        {
            var seen = model.Has(ProtocolRules.ShunMarked) ? marked : 0;
            var own = 2 << index;
            var shunsOwn = writer.Pack != WriterState.None && (seen & own) != 0;
            if (shunsOwn && writer.Pack <= model.Size.Lapse)
            {
                model.Fail($"writer {index} may not take over what it stored a moment ago");
            }

            var isOldShown = world.HasOld || world.OldGone < model.Size.Lag;
            var step = $"sees {(marked == 0 ? "no marker" : $"packs {marked} marked")}";
            if (isOldShown && (seen & 1) == 0)
            {
                With(model, world, index, writer with { Step = next, UsesOld = true, ShunsOwn = shunsOwn }, $"{step} and leans on the old pack");
            }
            else
            {
                With(model, world, index, writer with { Step = next, UsesOld = false, ShunsOwn = shunsOwn }, step);
            }

            if (isOldShown && !world.HasOld)
            {
                With(model, world, index, writer with { Step = next, UsesOld = false, ShunsOwn = shunsOwn }, step);
            }
        }
    }

    private static void Store(ModelChecker model, World world, int index)
    {
        var writer = world.Writers[index];
        if (!writer.UsesOld && (writer.Pack == WriterState.None || writer.ShunsOwn))
        {
            // A new pack has a new id: no marker names it.
            for (var i = 0; i < 2; i++)
            {
                ref var marker = ref world.Markers[i];
                marker.Packs &= ~(2 << index);
                marker = marker.Packs == 0 ? default : marker;
            }

            writer.Pack = 0;
        }

        With(model, world, index, writer with { Step = WriterStep.Stored, ShunsOwn = false }, writer.UsesOld ? "stores nothing" : "stores its pack");
    }

    /// <summary>One that lapsed asks for each of its packs by name, after it has listed the markers.</summary>
    private static void Confirm(ModelChecker model, World world, int index, ProtocolRules rule, WriterStep next)
    {
        var writer = world.Writers[index];
        if (!writer.HasLapsed || !model.Has(rule))
        {
            With(model, world, index, writer with { Step = next }, $"goes on to {next}");
            return;
        }

        var need = World.NeedOf(writer, index);
        foreach (var marked in MarkedBits(model, world))
        {
            var isLost = !world.Has(need) || (marked & need) != 0;
            With(model, world, index, writer with { Step = isLost ? WriterStep.Failed : next }, $"has lapsed, looks, and goes on to {(isLost ? WriterStep.Failed : next)}");
        }
    }

    private static void Restart(ModelChecker model, World world, int index)
    {
        var writer = world.Writers[index];
        if (!model.Size.HasRestarts || writer.HasRestarted || !writer.IsDead || writer.Step == WriterStep.Sent || writer.Manifest != WriterState.None)
        {
            return;
        }

        var none = WriterState.None;
        With(model, world, index, new WriterState { HasRestarted = true, First = none, Last = none, End = none, Manifest = none, Pack = writer.Pack, LapseAge = none }, "begins again");
    }

    /// <summary>A session that lapses between its last confirmation and the arrival of the manifest makes this late, even if it is announced again meanwhile.</summary>
    private static WriterState Announced(ModelChecker model, WriterState writer)
    {
        var lapses = writer.Last > model.Size.Lapse;
        return writer with { HasLapsed = writer.HasLapsed | lapses, IsLate = writer.IsLate | (lapses && writer.Step >= WriterStep.Confirmed), Last = 0, LapseAge = lapses && model.Size.Lag > 0 ? 0 : writer.LapseAge };
    }

    /// <summary>All that a listing may show as marked.</summary>
    private static HashSet<int> MarkedBits(ModelChecker model, World world)
    {
        HashSet<int> views = [0];
        for (var i = 0; i < 2; i++)
        {
            var marker = world.Markers[i];
            if (!marker.IsThere || marker.Age >= model.Size.VoidAge)
            {
                continue;
            }

            var shown = views.Select(view => view | marker.Packs).ToList();
            if (marker.Age >= model.Size.Lag)
            {
                views.Clear();
            }

            views.UnionWith(shown);
        }

        return views;
    }

    private static void With(ModelChecker model, World world, int index, WriterState writer, string step)
    {
        world.Writers[index] = writer;
        model.Reach(world, $"writer {index} {step}");
    }
}
