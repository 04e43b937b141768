namespace SecureBackup.Tests.Unit.Collection;

/// <summary>What a maintainer may do next: the order of <c>CollectView</c> and <c>CollectPlan</c>.</summary>
internal static class MaintainerModel
{
    internal static void Expand(ModelChecker model, World world, int index)
    {
        var maintainer = world.Maintainers[index];
        switch (maintainer.Step)
        {
            case MaintainerStep.Idle:
                foreach (var needed in NeededBits(model, world))
                {
                    With(model, world, index, new MaintainerState { Step = MaintainerStep.Marking, Needed = needed }, "lists the manifests");
                }

                BeginSweep(model, world, index);
                break;
            case MaintainerStep.Marking:
                Condemn(model, world, index);
                break;
            case MaintainerStep.Waited when model.Has(ProtocolRules.ListAgain):
                foreach (var needed in NeededBits(model, world))
                {
                    With(model, world, index, maintainer with { Step = MaintainerStep.Deleting, Needed = needed }, $"lists the manifests again and sees that {needed} is needed");
                }

                break;
            case MaintainerStep.Waited:
                With(model, world, index, maintainer with { Step = MaintainerStep.Deleting }, "goes on to delete");
                break;
            case MaintainerStep.Deleting:
                Delete(model, world, index);
                break;
        }

        if (maintainer.Step != MaintainerStep.Idle)
        {
            With(model, world, index, default, "crashes, or ends");
        }
    }

    /// <summary>Writes a marker for what nothing needed, and is under none.</summary>
    private static void Condemn(ModelChecker model, World world, int index)
    {
        var covered = 0;
        var free = -1;
        for (var i = 0; i < 2; i++)
        {
            covered |= world.Markers[i].IsThere && world.Markers[i].Age < DeadlineAge(model) ? world.Markers[i].Packs : 0;
            free = world.Markers[i].Packs == 0 && i < model.Size.Markers ? i : free;
        }

        var packs = 0;
        for (var pack = 1; pack <= 4; pack <<= 1)
        {
            var isYoung = pack != 1 && world.Writers[pack >> 2].Pack <= model.Size.Lapse;
            var isTaken = world.Has(pack) && !(isYoung && model.Has(ProtocolRules.SpareYoung));
            packs |= isTaken && ((world.Maintainers[index].Needed | covered) & pack) == 0 ? pack : 0;
        }

        if (free < 0 || packs == 0)
        {
            return;
        }

        world.Markers[free] = new MarkerState { Packs = packs, IsThere = true };
        With(model, world, index, default, $"condemns packs {packs}");
    }

    private static void BeginSweep(ModelChecker model, World world, int index)
    {
        for (var i = 0; i < 2; i++)
        {
            var marker = world.Markers[i];
            if (!marker.IsThere)
            {
                continue;
            }

            if (marker.Age >= model.Size.VoidAge)
            {
                var without = world;
                Remove(ref without, i);
                model.Reach(without, $"maintainer {index} takes a void marker away");
            }

            var isDue = !model.Has(ProtocolRules.Grace) || marker.Age >= model.Size.Grace;
            if (isDue && (!model.Has(ProtocolRules.SessionWait) || !MustWait(model, world, marker)))
            {
                With(model, world, index, new MaintainerState { Step = MaintainerStep.Waited, Marker = i }, "sees that the wait is over");
            }
        }
    }

    /// <summary>Whether a session older than the marker must, for all that any listing may show, be waited for.</summary>
    private static bool MustWait(ModelChecker model, World world, MarkerState marker)
    {
        var size = model.Size;
        for (var i = 0; i < size.Writers; i++)
        {
            var writer = world.Writers[i];
            if (writer.First == WriterState.None || writer.First < size.Lag || writer.First < marker.Age - size.Lag)
            {
                // Not there, perhaps not shown yet, or younger than the marker.
                continue;
            }

            // An announcement that came after a lapse may not be shown yet: the session then looks as it did before.
            var looksLapsed = writer.Last > size.Lapse + size.Lag || writer.LapseAge != WriterState.None;
            var hasEnded = writer.End != WriterState.None && writer.End >= size.Lag;
            if (!looksLapsed && !hasEnded)
            {
                return true;
            }
        }

        return false;
    }

    private static void Delete(ModelChecker model, World world, int index)
    {
        var maintainer = world.Maintainers[index];
        ref var marker = ref world.Markers[maintainer.Marker];
        var kept = model.Has(ProtocolRules.Lift) ? maintainer.Needed : 0;
        var present = 0;
        for (var pack = 1; pack <= 4; pack <<= 1)
        {
            if ((marker.Packs & pack) == 0 || !world.Has(pack))
            {
                continue;
            }

            present |= pack;
            if ((kept & pack) == 0 && (!model.Has(ProtocolRules.Deadline) || marker.Age < DeadlineAge(model)))
            {
                var without = world;
                Forget(ref without, pack);
                model.Reach(without, $"maintainer {index} deletes pack {pack}");
            }
        }

        // Where listings lag, a writer may be shown a pack that is gone, and needs the marker to know better.
        var isServed = model.Has(ProtocolRules.KeepMarker) ? present == 0 && model.Size.Lag == 0 : (present & ~kept) == 0;
        if (isServed && marker.IsThere)
        {
            Remove(ref world, maintainer.Marker);
            With(model, world, index, default, "takes the marker away");
        }
    }

    private static int DeadlineAge(ModelChecker model) => model.Size.VoidAge - Math.Max(1, model.Size.Lag);

    private static void Forget(ref World world, int pack)
    {
        if (pack == 1)
        {
            (world.HasOld, world.OldGone) = (false, 0);
        }
        else
        {
            world.Writers[pack >> 2].Pack = WriterState.None;
        }
    }

    /// <summary>The place stays taken while another maintainer works on that marker: it goes on by what it has seen.</summary>
    private static void Remove(ref World world, int marker)
    {
        var isInUse = false;
        for (var i = 0; i < 2; i++)
        {
            isInUse |= world.Maintainers[i].Step >= MaintainerStep.Waited && world.Maintainers[i].Marker == marker;
        }

        world.Markers[marker] = isInUse ? world.Markers[marker] with { IsThere = false } : default;
    }

    /// <summary>All that a listing of manifests may show as needed. One that is late counts as well: it is a snapshot.</summary>
    private static HashSet<int> NeededBits(ModelChecker model, World world)
    {
        HashSet<int> views = [0];
        for (var i = 0; i < model.Size.Writers; i++)
        {
            var writer = world.Writers[i];
            if (writer.Manifest == WriterState.None)
            {
                continue;
            }

            var need = World.NeedOf(writer, i);
            var shown = views.Select(view => view | need).ToList();
            if (writer.Manifest >= model.Size.Lag)
            {
                views.Clear();
            }

            views.UnionWith(shown);
        }

        return views;
    }

    private static void With(ModelChecker model, World world, int index, MaintainerState maintainer, string step)
    {
        var before = world.Maintainers[index];
        world.Maintainers[index] = maintainer;
        if (before.Step >= MaintainerStep.Waited && maintainer.Step < MaintainerStep.Waited && !world.Markers[before.Marker].IsThere)
        {
            Remove(ref world, before.Marker);
        }

        model.Reach(world, $"maintainer {index} {step}");
    }
}
