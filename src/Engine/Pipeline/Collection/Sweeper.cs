namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>Deletes the packs of markers that are due, as far as nothing needs them now.</summary>
internal sealed class Sweeper(CollectRun run)
{
    internal async Task SweepAsync(IReadOnlyList<DueMarker> due, CancellationToken cancellationToken)
    {
        foreach (var item in due)
        {
            var kept = run.ObjectsKept;
            await run.DeletePacksAsync(item.Unneeded, run.View.DeadlineOf(item.Marker), cancellationToken);
            run.PacksLifted += item.Needed.Count(pack => !run.Moved.Contains(pack.Id) && !run.View.Relocations.IsLeft(pack.Id));
            if (run.IsOver())
            {
                return;
            }

            if (item.Needed.Count == 0 && run.View.ListLag == TimeSpan.Zero && !run.HasMoreToDo && run.ObjectsKept == kept)
            {
                // All its packs are gone. Until now a writer that slept could see by it that they were going.
                await run.TidyAsync([item.Marker.Name], cancellationToken);
            }
            else
            {
                run.Await(item.Marker.VoidAt);
            }
        }
    }
}
