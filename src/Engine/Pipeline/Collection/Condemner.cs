using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>Marks what nothing needs, then takes away the markers that have served.</summary>
internal sealed class Condemner(CollectRun run)
{
    /// <summary>3.4 MB a marker: every writer reads them all.</summary>
    private const int PacksInMarker = 100_000;

    internal async Task CondemnAsync(CollectPlan plan, CancellationToken cancellationToken)
    {
        foreach (var packs in plan.Condemn.Chunk(PacksInMarker))
        {
            if (run.IsOver())
            {
                return;
            }

            await MarkAsync(packs, cancellationToken);
        }

        if (run.Options.MaxUnusedPercent is { } percent && !run.IsOver())
        {
            await CollectCorridor.GuardAsync(run, () => ChooseAsync(percent, cancellationToken));
        }

        await run.TidyAsync(plan.Spent.Select(static marker => marker.Name), cancellationToken);
    }

    private async Task ChooseAsync(int maxUnusedPercent, CancellationToken cancellationToken)
    {
        var finder = new WasteFinder(run);
        var wasteful = await finder.FindAsync(maxUnusedPercent, cancellationToken);
        run.PacksTooYoung = finder.TooYoung;
        if (wasteful.Count > 0)
        {
            await CondemnedMarkers.WriteAsync(run.Vault, [.. wasteful.Select(static pack => pack.Id)], cancellationToken);
            run.PacksChosen += wasteful.Count;
            run.BytesChosen += wasteful.Sum(static pack => (long)pack.LengthBytes);
            run.Await(run.View.Clock.AtMost + run.View.Policy.GraceTime);
        }
    }

    private async Task MarkAsync(FoundPack[] packs, CancellationToken cancellationToken)
    {
        await CondemnedMarkers.WriteAsync(run.Vault, [.. packs.Select(static pack => pack.Id)], cancellationToken);
        run.PacksCondemned += packs.Length;
        run.BytesCondemned += packs.Sum(static pack => pack.LengthBytes);
        run.Await(run.View.Clock.AtMost + run.View.Policy.GraceTime);
    }
}
