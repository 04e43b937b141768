using System.Globalization;
using System.Security.Cryptography;
using SecureBackup.Engine.Compression;
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
/// A vault with as many daily snapshots and index segments as asked for. Most days are written by the parts that end a backup (a segment of a thousand chunks, a manifest that follows the
/// last): taken whole, ten years of them would run for hours.
/// </summary>
internal sealed class DailyVault(string folder, string vaultPath, string keyPath)
{
    internal const string DataSet = "shop";

    private const int ChunksADay = 1_000;
    private const int FrameBytes = 8_000;
    private const int TakenWholeEvery = 365;

    /// <summary>Holds a file for each day that was taken whole.</summary>
    internal string Source { get; } = Directory.CreateDirectory(Path.Combine(folder, "source")).FullName;

    internal static string FileOf(int day) => string.Create(CultureInfo.InvariantCulture, $"day-{day:D5}");

    internal static UnlockContext Context(string folder, string host) => new(HostState.For(Path.Combine(folder, host)), NullSink.Instance, TimeProvider.System);

    /// <returns>The oldest.</returns>
    internal async Task<SnapshotId> MakeAsync(int days)
    {
        using var vault = await VaultCreator.CreateAsync(LocalTarget.Create(Directory.CreateDirectory(vaultPath).FullName), new VaultCreation { KeyFilePath = keyPath }, Context(folder, "writer"), CancellationToken.None);
        var first = await BackUpAsync(vault, 0);
        var last = first;
        for (var day = 1; day < days; day++)
        {
            last = day % TakenWholeEvery == 0 || day == days - 1 ? await BackUpAsync(vault, day) : await RepeatAsync(vault, last, day, days);
        }

        return first.Id;
    }

    private async Task<Snapshot> BackUpAsync(UnlockedVault vault, int day)
    {
        await File.WriteAllBytesAsync(Path.Combine(Source, FileOf(day)), RandomNumberGenerator.GetBytes(100_000));
        using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([Source]) }, TimeProvider.System);
        var taken = await BackupCorridor.RunAsync(vault, source, new BackupOptions { DataSet = DataSet, HostName = "bench" }, RunContext.Unwatched, CancellationToken.None);
        return taken.Snapshot;
    }

    private static async Task<Snapshot> RepeatAsync(UnlockedVault vault, Snapshot last, int day, int days)
    {
        await StoreSegmentAsync(vault);
        var at = Timestamp.From(DateTimeOffset.UtcNow.AddDays(day - days));
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
