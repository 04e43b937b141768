using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench;

/// <summary>
/// How long a machine that never saw the vault takes until one file is back, with as many daily snapshots and index segments as asked for. Most days are written by
/// the parts that end a backup (a segment of a thousand chunks, a manifest that follows the last): taken whole, ten years of them would run for hours.
/// </summary>
internal sealed class FirstFileRuns(BenchOptions options)
{
    private const string DataSet = "shop";
    private const int ChunksADay = 1_000;
    private const int FrameBytes = 8_000;
    private const int TakenWholeEvery = 365;

    private readonly string _vault = Path.Combine(options.Folder, "vault");
    private readonly string _source = Path.Combine(options.Folder, "source");
    private readonly string _key = Path.Combine(options.Folder, "owner.key");
    private int _machines;

    internal async Task<int> RunAsync()
    {
        try
        {
            Directory.CreateDirectory(_vault);
            Directory.CreateDirectory(_source);
            Console.Error.WriteLine($"Making {options.Days:N0} days in {options.Folder} …");
            var first = await MakeAsync();
            Console.WriteLine($"{Machine.Describe()}; {options.Days:N0} snapshots, {Directory.EnumerateFiles(_vault, "*", SearchOption.AllDirectories).Count(static path => path.Contains("index", StringComparison.Ordinal)):N0} index segments.");
            Console.WriteLine();
            Console.WriteLine("| one file on an empty machine, the snapshot chosen by | seconds |");
            Console.WriteLine("|---|--:|");
            await MeasureAsync("(the first of this process)", FileOf(0), vault => FindAsync(vault, first));
            await MeasureAsync("its id, the oldest", FileOf(0), vault => FindAsync(vault, first));
            await MeasureAsync("data set, the newest", FileOf(options.Days - 1), vault => ChooseAsync(vault, new SnapshotQuery { DataSet = DataSet }));
            await MeasureAsync("data set, the newest, a file of the first day", FileOf(0), vault => ChooseAsync(vault, new SnapshotQuery { DataSet = DataSet }));
            await MeasureAsync("data set and a time, the first year", FileOf(0), vault => ChooseAsync(vault, new SnapshotQuery { DataSet = DataSet, AsOf = DateTimeOffset.UtcNow.AddDays(-options.Days + 300) }));
            return 0;
        }
        finally
        {
            if (!options.KeepsFolder && Directory.Exists(options.Folder))
            {
                Directory.Delete(options.Folder, recursive: true);
            }
        }
    }

    private static string FileOf(int day) => string.Create(CultureInfo.InvariantCulture, $"day-{day:D5}");

    private static async Task<Snapshot> FindAsync(UnlockedVault vault, SnapshotId id) =>
        await SnapshotCatalog.TryFindAsync(vault, id, CancellationToken.None) ?? throw new InvalidOperationException("The snapshot was not found.");

    private static async Task<Snapshot> ChooseAsync(UnlockedVault vault, SnapshotQuery query) =>
        (await SnapshotCatalog.LoadAsync(vault, CancellationToken.None)).Select(query).First();

    private UnlockContext Context(string host) => new(HostState.For(Path.Combine(options.Folder, host)), NullSink.Instance, TimeProvider.System);

    private async Task MeasureAsync(string chosenBy, string file, Func<UnlockedVault, Task<Snapshot>> choose)
    {
        var place = Path.Combine(options.Folder, $"restored-{++_machines}");
        var watch = Stopwatch.StartNew();
        using var credential = CredentialFile.Read(_key, NullSink.Instance);
        using (var vault = await (await LockedVault.OpenAsync(LocalTarget.Open(_vault), CancellationToken.None)).UnlockAsync(credential, Context($"machine-{_machines}"), CancellationToken.None))
        {
            var request = new RestoreRequest(vault.RequireReader(), await choose(vault)) { Include = [$"source/{file}"] };
            await using var destination = FileSystemDestination.Open(place, DestinationOptions.Default);
            await RestoreCorridor.RunAsync(request, destination, RunContext.Unwatched, CancellationToken.None);
        }

        Console.WriteLine($"| {chosenBy} | {watch.Elapsed.TotalSeconds:0.00} |");
        if (!File.ReadAllBytes(Path.Combine(place, "source", file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(_source, file))))
        {
            throw new InvalidOperationException($"'{file}' came back changed.");
        }
    }

    /// <returns>The oldest.</returns>
    private async Task<SnapshotId> MakeAsync()
    {
        using var vault = await VaultCreator.CreateAsync(LocalTarget.Create(_vault), new VaultCreation { KeyFilePath = _key }, Context("writer"), CancellationToken.None);
        var first = await BackUpAsync(vault, 0);
        var last = first;
        for (var day = 1; day < options.Days; day++)
        {
            last = day % TakenWholeEvery == 0 || day == options.Days - 1 ? await BackUpAsync(vault, day) : await RepeatAsync(vault, last, day);
        }

        return first.Id;
    }

    private async Task<Snapshot> BackUpAsync(UnlockedVault vault, int day)
    {
        await File.WriteAllBytesAsync(Path.Combine(_source, FileOf(day)), RandomNumberGenerator.GetBytes(100_000));
        using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([_source]) }, TimeProvider.System);
        var taken = await BackupCorridor.RunAsync(vault, source, new BackupOptions { DataSet = DataSet, HostName = "bench" }, RunContext.Unwatched, CancellationToken.None);
        return taken.Snapshot;
    }

    private async Task<Snapshot> RepeatAsync(UnlockedVault vault, Snapshot last, int day)
    {
        await StoreSegmentAsync(vault);
        var at = Timestamp.From(DateTimeOffset.UtcNow.AddDays(day - options.Days));
        return await new ManifestWriter(vault, CatalogOf(last)).CommitAsync(
            last.Summary with { StartedAt = at, EndedAt = at }, vault.RequireReader().OpenOwnerPart(last), Id256.Random(), CancellationToken.None);
    }

    private static async Task StoreSegmentAsync(UnlockedVault vault)
    {
        var segment = new IndexSegmentBuilder();
        var pack = new PackRecord(new PackId(Id256.Random()), new ContentHash(Id256.Random()), vault.Self, (ChunksADay + 1) * FrameBytes, ChunksADay);
        segment.TryAdd(pack, [.. Enumerable.Range(0, ChunksADay).Select(static frame =>
            new PackEntry(new ChunkId(Id256.Random()), frame, PackLayout.PrologueBytes + (frame * FrameBytes), FrameBytes, 2 * FrameBytes, CompressionId.Zstd, ChunkSealing.Direct))]);
        using var content = new MemoryStream();
        var id = segment.Write(content, SegmentSealings.Of(vault));
        content.Position = 0;
        await vault.Target.PutAsync(IndexSegmentBuilder.NameOf(id), content, new PutOptions(IfAbsent: true), CancellationToken.None);
    }

    private static SnapshotCatalog CatalogOf(Snapshot last) => new(new CatalogContent
    {
        Snapshots = [last],
        Removed = [],
        Removals = [],
        Leftovers = [],
        Records = Array.Empty<(ManifestReference Key, ObjectName Value)>().ToLookup(static pair => pair.Key, static pair => pair.Value),
        Heads = [last.Reference],
        Findings = Array.Empty<(ManifestReference Key, VerificationFinding Value)>().ToLookup(static pair => pair.Key, static pair => pair.Value),
        Missing = [],
        Problems = [],
    });
}
