using System.Security.Cryptography;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Life;

/// <summary>
/// The life of a vault in a folder of a real server: made, filled ten times, browsed, restored, pruned and checked; in the fifth backup the server dies and comes back.
/// Beside the server the test sees the files themselves, whose times it shifts where days have to pass.
/// </summary>
internal static class ServerLife
{
    private const int Backups = 10;
    private const int BackupWithKill = 5;
    private const int PackSizeBytes = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="server">From now on the life's own.</param>
    /// <param name="folder">The target's folder on this machine.</param>
    /// <param name="restart">Kills the server as a power cut does, and starts it again.</param>
    public static async Task LiveAsync(Target server, string folder, Func<Task> restart)
    {
        var retry = new RetryOptions(MaxRetries: 8, Delay: TimeSpan.FromMilliseconds(50), MaxDelay: TimeSpan.FromSeconds(1));
        var interrupted = new InterruptedTarget(server, restart);
        await using var target = new RetryTarget(interrupted, retry);
        using var scene = await PipelineScene.CreateAsync(target, PackSizeBytes, ChunkerCatalog.Small);
        var snapshots = new List<(SnapshotId Id, Dictionary<string, string> Picture)>();
        for (var number = 1; number <= Backups; number++)
        {
            scene.WriteRandom($"new/{number}.bin", 1_500_000, number);
            scene.WriteRandom("changing.bin", 2_500_000, 100 + number);
            if (number == BackupWithKill)
            {
                interrupted.RestartAtPack = 2;
            }

            var result = await scene.BackUpAsync();
            snapshots.Add((result.Snapshot.Id, Picture(scene.SourcePath)));
        }

        Assert.True(interrupted.WasRestarted);
        foreach (var (id, picture) in new[] { snapshots[0], snapshots[BackupWithKill - 1], snapshots[^1] })
        {
            var destination = scene.Folder[$"restored-{id}"];
            await scene.RestoreAsync(id, destination);
            Assert.Equal(picture, Picture(Path.Combine(destination, "source")));
        }

        await PruneAsync(scene, [.. snapshots.Take(Backups / 2).Select(static snapshot => snapshot.Id)], folder);
        foreach (var (id, _) in snapshots.Skip(Backups / 2))
        {
            Assert.Empty((await scene.VerifyAsync(id)).Faults);
        }

        // Of the puts that the server died in the middle of, nothing could be taken away: a later run sweeps it.
        Assert.InRange(Directory.EnumerateFiles(folder, ".*", SearchOption.AllDirectories).Count(), 0, server.Capabilities.ParallelPuts);
    }

    private static async Task PruneAsync(PipelineScene scene, IReadOnlyList<SnapshotId> removed, string folder)
    {
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Equal(Backups, catalog.Snapshots.Count);
        await RemovalRecord.WriteAsync(vault, [.. removed.Select(id => catalog.Resolve(id.ToString()))], "no longer kept", Token);
        await vault.Target.DeleteManyAsync([.. removed.Select(ObjectNames.Manifest)], Token);

        // What is young is nobody's to judge. What is condemned has a day to be missed, and is judged anew after two.
        Pass(folder, TimeSpan.FromDays(10));
        var condemned = await CollectAsync(vault);
        Pass(folder, TimeSpan.FromHours(30));
        var deleted = await CollectAsync(vault);

        Assert.True(condemned.PacksCondemned > 0, "Nothing was found to be needed no more.");
        Assert.Equal(condemned.PacksCondemned, deleted.PacksDeleted);
        Assert.Equal(Backups - removed.Count, (await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots.Count);
    }

    private static Task<CollectResult> CollectAsync(UnlockedVault vault) =>
        CollectCorridor.RunAsync(vault, CollectOptions.Default, new RunContext(new ProgressCounters(), vault.Sink), Token);

    private static void Pass(string folder, TimeSpan time)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path) - time);
        }
    }

    private static Dictionary<string, string> Picture(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(
        path => Path.GetRelativePath(folder, path), static path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))), StringComparer.Ordinal);

    /// <summary>Restarts the server while a pack is on its way.</summary>
    private sealed class InterruptedTarget(Target inner, Func<Task> restart) : DelegatingTarget(inner)
    {
        private int _packs;

        public int RestartAtPack { get; set; }

        public bool WasRestarted { get; private set; }

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            if (RestartAtPack > 0 && name.Value.StartsWith("packs/", StringComparison.Ordinal) && Interlocked.Increment(ref _packs) == RestartAtPack)
            {
                await using var dying = new ProbeContent(content, restart);
                WasRestarted = true;
                return await base.PutAsync(name, dying, options, cancellationToken);
            }

            return await base.PutAsync(name, content, options, cancellationToken);
        }
    }

    /// <summary>A content in whose middle something happens.</summary>
    private sealed class ProbeContent(Stream inner, Func<Task> happening) : Stream
    {
        private bool _hasHappened;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_hasHappened && Position > 0)
            {
                _hasHappened = true;
                await happening();
            }

            return await inner.ReadAsync(buffer.Length > 64 * 1024 ? buffer[..(64 * 1024)] : buffer, cancellationToken);
        }

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
