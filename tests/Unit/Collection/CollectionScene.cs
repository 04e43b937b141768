using System.Globalization;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>A vault in memory under a clock that only the test moves, hosts with files in memory, and what each snapshot held when it was made.</summary>
internal sealed class CollectionScene : IDisposable
{
    internal const int PackSizeBytes = 64 * 1024;

    private readonly TempFolder _folder = TempFolder.InMemory();

    internal CollectionScene()
    {
        Time = new FakeTimeProvider(DateTimeOffset.Parse("2026-03-01T12:00:00Z", CultureInfo.InvariantCulture));
        Target = new MemoryTarget(Time);
    }

    internal static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static TimeSpan Day => TimeSpan.FromDays(1);

    internal FakeTimeProvider Time { get; }

    internal MemoryTarget Target { get; private set; }

    internal Vault.RecordingSink Sink { get; } = new();

    /// <summary>What is to be backed up, by file name.</summary>
    internal SortedDictionary<string, (byte[] Bytes, long Version)> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>The content that each snapshot must give back.</summary>
    internal Dictionary<SnapshotId, Dictionary<string, ContentHash>> Expected { get; } = [];

    internal string KeyPath => _folder["owner.key"];

    internal string this[string name] => _folder[name];

    internal async Task<UnlockedVault> CreateAsync(Target? target = null)
    {
        var creation = new VaultCreation
        {
            KeyFilePath = KeyPath,
            PackSizeBytes = PackSizeBytes,
            ChunkerName = ChunkerCatalog.Small,
            Stretching = new Argon2Parameters(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses),
        };
        return await VaultCreator.CreateAsync(target ?? Target, creation, ContextOf("owner"), Token);
    }

    internal UnlockContext ContextOf(string host) => new(HostState.For(_folder[$"host-{host}"]), Sink, Time);

    internal async Task<UnlockedVault> OpenAsync(string host = "owner", string? keyPath = null, Target? target = null)
    {
        using var credential = CredentialFile.Read(keyPath ?? KeyPath, Sink);
        return await (await LockedVault.OpenAsync(target ?? Target, Token)).UnlockAsync(credential, ContextOf(host), Token);
    }

    internal async Task<UnlockedVault> OpenWriterAsync(UnlockedVault owner, string name)
    {
        await WriterKeys.ExportAsync(owner, name, _folder[$"{name}.key"], null, Token);
        return await OpenAsync(name, _folder[$"{name}.key"]);
    }

    /// <summary>A member with any roles; verifiers may read.</summary>
    internal async Task<UnlockedVault> OpenMemberAsync(UnlockedVault owner, string name, MemberRoles roles)
    {
        await MemberAdmission.AddAsync(owner, new NewMember(name, roles) { KeyFilePath = _folder[$"{name}.key"], MayRead = roles.HasFlag(MemberRoles.Verifier) }, Token);
        return await OpenAsync(name, _folder[$"{name}.key"]);
    }

    internal void Set(string name, int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        Files[name] = (bytes, seed);
    }

    internal async Task<BackupResult> BackUpAsync(UnlockedVault vault, string dataSet = "shop")
    {
        var result = await BackupCorridor.RunAsync(vault, new MemorySource(Files), OptionsFor(dataSet), RunContext.Unwatched, Token);
        Expected[result.Snapshot.Id] = Picture(Files);
        return result;
    }

    /// <summary>Without gates: what a collection is tried with comes and goes as no honest content does.</summary>
    internal static BackupOptions OptionsFor(string dataSet) => new() { DataSet = dataSet, HostName = "host", Gates = ContentGates.None };

    internal static Dictionary<string, ContentHash> Picture(IReadOnlyDictionary<string, (byte[] Bytes, long Version)> files) =>
        files.ToDictionary(static file => file.Key, static file => ContentHash.Of(file.Value.Bytes), StringComparer.Ordinal);

    /// <summary>As a removal does: first the record, then the manifest.</summary>
    internal async Task RemoveAsync(UnlockedVault vault, params SnapshotId[] ids)
    {
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        await RemovalRecord.WriteAsync(vault, [.. ids.Select(id => catalog.Resolve(id.ToString()))], "no longer kept", Token);
        foreach (var id in ids)
        {
            await vault.Target.DeleteAsync(ObjectNames.Manifest(id), Token);
            Expected.Remove(id);
        }
    }

    internal static Task<CollectResult> CollectAsync(UnlockedVault vault, CollectOptions? options = null) =>
        CollectCorridor.RunAsync(vault, options ?? CollectOptions.Default, new RunContext(new ProgressCounters(), vault.Sink), Token);

    /// <summary>Collects every twelve hours for so many days.</summary>
    internal async Task<CollectResult> CollectForAsync(UnlockedVault vault, int days, CollectOptions? options = null)
    {
        var total = new CollectResult();
        for (var turn = 0; turn <= 2 * days; turn++)
        {
            var result = await CollectAsync(vault, options);
            total = total with
            {
                PacksCondemned = total.PacksCondemned + result.PacksCondemned,
                PacksDeleted = total.PacksDeleted + result.PacksDeleted,
                PacksLifted = total.PacksLifted + result.PacksLifted,
                PacksCompacted = total.PacksCompacted + result.PacksCompacted,
                SegmentsMerged = total.SegmentsMerged + result.SegmentsMerged,
                ObjectsTidied = total.ObjectsTidied + result.ObjectsTidied,
            };
            Time.Advance(TimeSpan.FromHours(12));
        }

        return total;
    }

    /// <summary>Two snapshots; of the packs of the first, most is unused once it is removed.</summary>
    internal async Task HalfEmptyAsync(UnlockedVault owner, UnlockedVault writer)
    {
        for (var i = 0; i < 40; i++)
        {
            Set($"file-{i:D2}.bin", 12_000, seed: i);
        }

        var first = (await BackUpAsync(writer)).Snapshot.Id;
        for (var i = 0; i < 40; i++)
        {
            if (i % 4 != 0)
            {
                Files.Remove($"file-{i:D2}.bin");
            }
        }

        Time.Advance(TimeSpan.FromHours(1));
        await BackUpAsync(writer);
        await RemoveAsync(owner, first);
        Time.Advance(2 * Day);
    }

    internal int CountOf(string folder) => Target.Objects.Keys.Count(name => name.Value.StartsWith(folder, StringComparison.Ordinal));

    internal long BytesOf(string folder) => Target.Objects.Where(pair => pair.Key.Value.StartsWith(folder, StringComparison.Ordinal)).Sum(static pair => (long)pair.Value.Length);

    internal HashSet<PackId> Packs => [.. Target.Objects.Keys.Where(static name => ObjectNames.TryParseId(name, ObjectNames.Packs, out _)).Select(static name => PackOf(name))];

    /// <summary>Every snapshot that there should be is there, restores byte for byte, and is sound by its reference set.</summary>
    internal async Task RequireIntactAsync(UnlockedVault vault)
    {
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        Assert.Empty(catalog.Problems);
        Assert.Equal(Expected.Keys.Select(static id => id.Value).Order(), catalog.Snapshots.Select(static snapshot => snapshot.Id.Value).Order());
        foreach (var snapshot in catalog.Snapshots)
        {
            Assert.Equal(Expected[snapshot.Id], await ReadBackAsync(vault, snapshot));
            var request = new VerifyRequest(vault.RequireReader(), snapshot, catalog);
            Assert.Empty((await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token)).Faults);
        }
    }

    /// <summary>Reads every byte of a snapshot by the way that a restore takes, and gives the hash of each file.</summary>
    internal static async Task<Dictionary<string, ContentHash>> ReadBackAsync(UnlockedVault vault, Snapshot snapshot)
    {
        using var index = await ChunkIndexLoader.OpenForReadingAsync(vault, snapshot.Writer, NullSink.Instance, Token);
        using var fetcher = new ChunkFetcher(vault.RequireReader(), index);
        var files = new Dictionary<string, ContentHash>(StringComparer.Ordinal);
        var listing = new ListingReader(vault.RequireReader().OpenOwnerPart(snapshot).ListingRoot, fetcher);
        await foreach (var entry in listing.EntriesAsync(Token))
        {
            if (entry.Metadata.Kind == EntryKind.File)
            {
                files[Encoding.UTF8.GetString(entry.Path.Name)] = ContentHash.Of(await ContentReader.ReadAllAsync(entry.Content, fetcher, int.MaxValue, Token));
            }
        }

        return files;
    }

    internal void Replace(MemoryTarget target) => Target = target;

    public void Dispose() => _folder.Dispose();

    private static PackId PackOf(ObjectName name) => ObjectNames.TryParseId(name, ObjectNames.Packs, out var id) ? new PackId(id) : default;
}
