using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench.Scale;

/// <param name="PerSecond">0 where it is no rate.</param>
internal sealed record ScaleFigure(string What, double Seconds, double PerSecond, long PeakBytes);

/// <summary>One measurement in a process of its own, so that the memory is its own too. Prints its figures as lines of JSON.</summary>
internal sealed class ScaleProbe(string folder, long count)
{
    /// <summary>Begins a line that the parent reads.</summary>
    internal const string Mark = "figure ";

    private const int MaxLookups = 200_000;
    private const string DataSet = "scale";

    /// <summary>A slow one is not waited for: what it did by then tells its rate.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Random _random = new(17);

    internal static async Task<int> RunAsync(string kind, string folder, long count)
    {
        var probe = new ScaleProbe(folder, count);
        await (kind switch
        {
            "grow" => new MadeIndex(folder).GrowAsync(count),
            "backup" => probe.AsBackupAsync(),
            "restore" => probe.AsRestoreAsync(),
            "list" => probe.ListAsync(),
            "again" => probe.ListAgainAsync(),
            "browse" => probe.BrowseAsync(),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        });
        return 0;
    }

    private static void Print(string what, TimeSpan elapsed, long operations = 0) => Console.WriteLine(
        Mark + JsonSerializer.Serialize(new ScaleFigure(what, elapsed.TotalSeconds, operations / elapsed.TotalSeconds, Machine.PeakBytes())));

    private static async Task RateAsync(string what, Func<int, ValueTask> lookup)
    {
        var watch = Stopwatch.StartNew();
        var done = 0;
        while (done < MaxLookups && watch.Elapsed < Patience)
        {
            await lookup(done++);
        }

        Print(what, watch.Elapsed, done);
    }

    private static void Require(bool isSo)
    {
        if (!isSo)
        {
            throw new InvalidOperationException("A lookup answered wrongly.");
        }
    }

    private ChunkId AnyKnown() => MadeChunks.IdOf(_random.NextInt64(MadeIndex.Rounded(count)));

    private async Task AsBackupAsync()
    {
        var watch = Stopwatch.StartNew();
        using var vault = await new MadeIndex(folder).OpenAsync(count);
        var options = new BackupOptions { DataSet = DataSet, HostName = "bench" };
        await using var session = await BackupSession.OpenAsync(vault, options, SnapshotKind.Files, RunContext.Unwatched, CancellationToken.None);
        Print("a backup opens the vault", watch.Elapsed);
        var fresh = new FreshTally(session.Meter);
        var start = _random.NextInt64(MadeIndex.Rounded(count) - MaxLookups);
        await RateAsync("known chunks, as stored", async turn => Require(await session.Chunks.TryReuseAsync(MadeChunks.IdOf(start + turn), fresh, CancellationToken.None)));
        await RateAsync("known chunks, anywhere", async _ => Require(await session.Chunks.TryReuseAsync(AnyKnown(), fresh, CancellationToken.None)));
        await RateAsync("new chunks", async _ => Require(!await session.Chunks.TryReuseAsync(new ChunkId(Id256.Random()), fresh, CancellationToken.None)));
        await RateAsync("new chunks, later", async _ => Require(!await session.Chunks.TryReuseAsync(new ChunkId(Id256.Random()), fresh, CancellationToken.None)));
        await RateAsync("known chunks, later", async _ => Require(await session.Chunks.TryReuseAsync(AnyKnown(), fresh, CancellationToken.None)));
    }

    private async Task AsRestoreAsync()
    {
        var watch = Stopwatch.StartNew();
        using var vault = await new MadeIndex(folder).OpenAsync(count);
        using var index = await ChunkIndexLoader.OpenForReadingAsync(vault, vault.Self, NullSink.Instance, CancellationToken.None);
        Require((await index.FindNearestAsync(AnyKnown(), CancellationToken.None)).Count == 1);
        Print("a restore finds its first chunk", watch.Elapsed);
        var start = _random.NextInt64(MadeIndex.Rounded(count) - MaxLookups);
        await RateAsync("chunks, as stored", async turn => Require((await index.FindNearestAsync(MadeChunks.IdOf(start + turn), CancellationToken.None)).Count == 1));
        await RateAsync("chunks, anywhere", async _ => Require((await index.FindNearestAsync(AnyKnown(), CancellationToken.None)).Count == 1));
    }

    private async Task ListAsync()
    {
        var target = Directory.CreateDirectory(Path.Combine(folder, "vault")).FullName;
        using var vault = await ScaleVault.CreateAsync(LocalTarget.Create(target), folder);
        await BackUpAsync(vault, "first backup");
    }

    private async Task ListAgainAsync()
    {
        using var vault = await OpenListedAsync();
        await BackUpAsync(vault, "unchanged backup");
    }

    private async Task BrowseAsync()
    {
        using var vault = await OpenListedAsync();
        var snapshot = (await SnapshotCatalog.LoadAsync(vault, CancellationToken.None)).Snapshots[0];
        var watch = Stopwatch.StartNew();
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, CancellationToken.None);
        Require(await browser.FindAsync(snapshot, MadeListing.PathOf((int)count / 2), CancellationToken.None) is not null);
        Print("the first path found", watch.Elapsed);
        await RateAsync("paths, anywhere", async _ => Require(await browser.FindAsync(snapshot, MadeListing.PathOf(_random.Next((int)count)), CancellationToken.None) is not null));
        watch.Restart();
        var seen = 0L;
        await foreach (var item in browser.EnumerateAsync(snapshot, new EntryFilter([]), scope: null, CancellationToken.None))
        {
            seen += item.Path.Depth > 0 ? 1 : 0;
        }

        Require(seen == count);
        Print("all entries in order", watch.Elapsed, seen);
    }

    private Task<UnlockedVault> OpenListedAsync() => ScaleVault.OpenAsync(LocalTarget.Open(Path.Combine(folder, "vault")), folder);

    private async Task BackUpAsync(UnlockedVault vault, string what)
    {
        var watch = Stopwatch.StartNew();
        var result = await BackupCorridor.RunAsync(vault, new MadeSource((int)count), new BackupOptions { DataSet = DataSet, HostName = "bench" }, RunContext.Unwatched, CancellationToken.None);
        Print(string.Create(CultureInfo.InvariantCulture, $"{what}, {result.BytesStored / 1e6:0} MB stored"), watch.Elapsed, count);
    }
}
