using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Binding;

/// <summary>What Restore-CustomerBackup was asked for, and how the engine does it or foresees it.</summary>
internal sealed class RestoreWork
{
    /// <summary>A full path; null for where the roots were.</summary>
    public string? Destination { get; init; }

    public OverwritePolicy? Overwrite { get; init; }

    public bool IsInPlace { get; init; }

    public bool Mirrors { get; init; }

    public IReadOnlyList<string> Includes { get; init; } = [];

    public string? DataSet { get; init; }

    public DateTimeOffset? AsOf { get; init; }

    public bool IgnoresRoom { get; init; }

    public bool EmitsItems { get; init; }

    public bool ReadsBack { get; init; } = true;

    /// <summary>How what is cold is asked for; null where it is not.</summary>
    public WarmOptions? Warm { get; init; }

    public string DisplayDestination => Destination ?? "where it was";

    private DestinationOptions OptionsFor(string vaultPath) => DestinationOptions.Default with
    {
        Overwrite = Overwrite is { } policy ? Enum.Parse<OverwriteMode>(policy.ToString()) : null,
        InPlace = IsInPlace,
        ReplacesLinks = Mirrors,
        ClosedFolders = [.. VaultPlace.FoldersOf(vaultPath), HostState.Default.Folder],
    };

    /// <summary>What is wrong with the request itself, and a destination in the vault.</summary>
    public void RequireOutside(string vaultPath)
    {
        if (Destination is null && !IsInPlace)
        {
            throw new RequestException(FaultCodes.DestinationNotGiven, "Nothing says where to restore to.");
        }

        if (IsInPlace && Overwrite is not null)
        {
            throw new RequestException(FaultCodes.InPlaceWithOverwrite, "-InPlace decides by content what is replaced, and -Overwrite by other marks.");
        }

        if (Mirrors && !IsInPlace)
        {
            throw new RequestException(FaultCodes.MirrorNotInPlace, "-Mirror was given without -InPlace.");
        }

        if (Destination is not null)
        {
            FileSystemPaths.RequireOutside(Destination, vaultPath);
        }
    }

    public async Task RestoreAsync(VaultReader reader, string vaultPath, IReadOnlyList<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        foreach (var snapshot in await ChooseAsync(reader, ids, gate, cancellationToken))
        {
            gate.WriteVerbose($"Restoring {snapshot.DataSet} of {Display.Time(snapshot.StartedAt.ToDateTimeOffset())} ({Display.ShortId(snapshot.Id.ToString())}).");
            await RestoreAsync(reader, snapshot, vaultPath, gate, cancellationToken);
        }
    }

    /// <summary>Emits what each restore would take; nothing is made or changed anywhere.</summary>
    public async Task ForeseeAsync(VaultReader reader, string vaultPath, IReadOnlyList<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        foreach (var snapshot in await ChooseAsync(reader, ids, gate, cancellationToken))
        {
            using var forecast = Forecast(reader, snapshot, vaultPath);
            var found = await ForeseeAsync(new RestoreRequest(reader, snapshot) { Include = Includes, Mirror = Mirrors ? MirrorOf(reader, snapshot, vaultPath) : null }, forecast, gate, cancellationToken);
            gate.WriteObject(RestorePreflight.From(vaultPath, DisplayDestination, found));
            if (found.Cold.Count > 0)
            {
                var asked = Warm is null ? "-Warm asks for them" : "they would be asked for";
                gate.Report(new BackupEvent(EventSeverity.Warning, $"{found.Cold.Count:N0} pack(s) of {Display.Size(found.Cold.Bytes)} that the restore needs lie in an archive; {asked}.", FaultCodes.TargetCold));
            }
        }
    }

    private static Task<RestoreForecast> ForeseeAsync(RestoreRequest request, DestinationForecast destination, PipelineGate gate, CancellationToken cancellationToken) =>
        RestoreForecaster.RunAsync(request, destination, new RunContext(gate.ShowProgress($"Looking at {request.Snapshot.DataSet}"), gate), cancellationToken);

    /// <summary>What cannot be restored in any case is not paid for.</summary>
    private async Task RequireReadableAsync(RestoreRequest request, WarmOptions warm, PipelineGate gate, CancellationToken cancellationToken)
    {
        var target = request.Vault.Vault.Target;
        if (!target.Capabilities.ColdStorage)
        {
            return;
        }

        var found = await ForeseeAsync(request, request.Room!, gate, cancellationToken);
        if (!IgnoresRoom)
        {
            found.RequireRoom();
        }

        await WarmUp.RequireReadableAsync(target, found.Cold, warm, cancellationToken);
    }

    private async Task<IReadOnlyList<Snapshot>> ChooseAsync(VaultReader reader, IReadOnlyList<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        var chosen = await FindAsync(reader, ids, gate, cancellationToken);
        foreach (var snapshot in chosen)
        {
            snapshot.RequireFiles();
        }

        return chosen;
    }

    private async Task<IReadOnlyList<Snapshot>> FindAsync(VaultReader reader, IReadOnlyList<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        // Whole ids, as objects bring them, need no other snapshot to be read; but whether somebody approved one stands in the catalog, and a mirror asks for that.
        var named = new List<Snapshot>();
        foreach (var id in Mirrors ? [] : ids)
        {
            if (!Id256.TryParse(id, out var whole) || await SnapshotCatalog.TryFindAsync(reader.Vault, new SnapshotId(whole), cancellationToken) is not { } snapshot)
            {
                break;
            }

            named.Add(snapshot);
        }

        if (ids.Count > 0 && named.Count == ids.Count)
        {
            return [.. named.Distinct()];
        }

        var catalog = await SnapshotCatalog.LoadAsync(reader.Vault, cancellationToken);
        catalog.ReportProblems(gate);
        return ids.Count == 0 ? [SnapshotChoice.RequireNewest(catalog, DataSet, AsOf, gate)] : [.. ids.Select(catalog.Resolve).Distinct()];
    }

    private async Task RestoreAsync(VaultReader reader, Snapshot snapshot, string vaultPath, PipelineGate gate, CancellationToken cancellationToken)
    {
        using var forecast = Forecast(reader, snapshot, vaultPath);
        var request = new RestoreRequest(reader, snapshot)
        {
            Include = Includes,
            Room = forecast,
            IgnoresRoom = IgnoresRoom,
            ReadsBack = ReadsBack,
            KeepsJournal = IsInPlace,
            Mirror = Mirrors ? MirrorOf(reader, snapshot, vaultPath) : null,
            OnEntry = EmitsItems ? entry => gate.WriteObject(RestoredItem.From(snapshot, entry)) : null,
        };
        await using var destination = Destination is { } path
            ? FileSystemDestination.Open(path, OptionsFor(vaultPath))
            : FileSystemDestination.OpenOriginal(Places(reader, snapshot, vaultPath), OptionsFor(vaultPath));
        if (Warm is { } warm)
        {
            await RequireReadableAsync(request, warm, gate, cancellationToken);
        }

        var context = new RunContext(gate.ShowProgress($"Restoring {snapshot.DataSet}"), gate);
        var report = RestoreReport.From(vaultPath, destination.DisplayName, await RestoreCorridor.RunAsync(request, destination, context, cancellationToken));
        gate.WriteObject(report);
        gate.WriteFaults(report.Faults);
    }

    /// <summary>Where the roots are, and what no walk enters: the vault.</summary>
    private FileSystemSourceOptions MirrorOf(VaultReader reader, Snapshot snapshot, string vaultPath) => new()
    {
        Roots = [.. Places(reader, snapshot, vaultPath)
            .Select(place => (Name: System.Text.Encoding.UTF8.GetString(place.Name.Span), place.Path))
            .Select(place => new FileSystemRoot(place.Name, Destination is { } folder ? Path.Combine(folder, place.Name) : place.Path))],
        SkipFolders = VaultPlace.FoldersOf(vaultPath),
        LeaveOutFolders = [HostState.Default.Folder],
    };

    private DestinationForecast Forecast(VaultReader reader, Snapshot snapshot, string vaultPath) => Destination is { } path
        ? DestinationForecast.Of(path, OptionsFor(vaultPath))
        : DestinationForecast.OfOriginal(Places(reader, snapshot, vaultPath), OptionsFor(vaultPath));

    private static IReadOnlyList<OriginalPlace> Places(VaultReader reader, Snapshot snapshot, string vaultPath)
    {
        var places = SnapshotPlaces.Of(reader.OpenOwnerPart(snapshot));
        foreach (var place in places)
        {
            FileSystemPaths.RequireOutside(place.Path, vaultPath);
        }

        return places;
    }
}
