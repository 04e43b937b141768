using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>Packs that may be deleted now under one marker.</summary>
internal sealed record DueMarker(StandingMarker Marker, IReadOnlyList<FoundPack> Unneeded, IReadOnlyList<FoundPack> Needed);

/// <summary>
/// What is due now, decided from a view alone.
/// <para>A marker is <em>due</em> when its grace time is over and every session older than it has ended or lapsed. Of its packs those are deleted that nothing needs now; the others stay.</para>
/// <para>A marker is <em>spent</em> when all its packs are gone and every listing shows it, or when it is void. Not earlier: while it stands, a writer that slept looks at it, and another collection
/// may still be deleting under it. So the packs that turned out to be needed are lifted when the marker is void, by which time nobody deletes under it any more.</para>
/// </summary>
internal sealed record CollectPlan
{
    public required IReadOnlyList<DueMarker> Due { get; init; }

    public required IReadOnlyList<FoundPack> Condemn { get; init; }

    public required IReadOnlyList<StandingMarker> Spent { get; init; }

    public DateTimeOffset? NextDue { get; init; }

    internal static CollectPlan Of(CollectView view)
    {
        var due = new List<DueMarker>();
        var spent = new List<StandingMarker>();
        var covered = new HashSet<PackId>();
        DateTimeOffset? next = null;
        foreach (var marker in view.Markers)
        {
            var present = marker.Marker.Packs.Select(pack => view.Packs.GetValueOrDefault(pack)).OfType<FoundPack>().ToList();
            if (marker.VoidAt <= view.Clock.AtLeast || (present.Count == 0 && view.ListLag == TimeSpan.Zero && marker.Marker.Packs.Count > 0))
            {
                spent.Add(marker);
                continue;
            }

            if (marker.Marker.Packs.Count == 0 || view.DeadlineOf(marker) <= view.Clock.AtMost)
            {
                // It only asked for the time; or it is too late to delete under it, too early to be void: its packs are condemned anew before, so that no writer begins to use them in between.
                continue;
            }

            covered.UnionWith(marker.Marker.Packs);
            if (DueAt(view, marker) is var at && at > view.Clock.AtLeast)
            {
                next = next is null || at < next ? at : next;
            }
            else
            {
                due.Add(new DueMarker(
                    marker,
                    [.. present.Where(pack => !view.Live.Needs(pack.Id))],
                    [.. present.Where(pack => view.Live.Needs(pack.Id))]));
            }
        }

        var youngest = view.Clock.AtLeast - view.Policy.SessionLapse;
        var condemn = view.Packs.Values
            .Where(pack => pack.StoredAt < youngest && !view.Live.Needs(pack.Id) && !covered.Contains(pack.Id))
            .OrderBy(static pack => pack.Id)
            .ToList();
        return new CollectPlan { Due = due, Condemn = condemn, Spent = spent, NextDue = next };
    }

    private static DateTimeOffset DueAt(CollectView view, StandingMarker marker)
    {
        var (due, clear) = (marker.DueAt, view.Sessions.ClearFrom(marker.StoredAt, view.Clock.AtLeast));
        return due > clear ? due : clear;
    }
}
