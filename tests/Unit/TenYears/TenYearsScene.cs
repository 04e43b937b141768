using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.TenYears;

/// <summary>A vault in memory, an owner, a maintainer and five hosts with files that people work on; time passes when it is told to.</summary>
internal sealed class TenYearsScene : IDisposable
{
    private const int Files = 24;

    private readonly TempFolder _folder = TempFolder.InMemory();
    private readonly Random _work = new(20260101);

    private TenYearsScene()
    {
        Target = new MemoryTarget(Time);
        Counter = new RequestCounter(Target);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 2, 0, 0, TimeSpan.Zero));

    public MemoryTarget Target { get; }

    /// <summary>The way to it that everybody takes.</summary>
    public RequestCounter Counter { get; }

    public UnlockedVault Owner { get; private set; } = null!;

    public UnlockedVault Maintainer { get; private set; } = null!;

    public List<UnlockedVault> Hosts { get; } = [];

    public string this[string name] => _folder[name];

    public static async Task<TenYearsScene> CreateAsync(int packSizeBytes)
    {
        var scene = new TenYearsScene();
        var creation = new VaultCreation { KeyFilePath = scene["owner.key"], PackSizeBytes = packSizeBytes, ChunkerName = ChunkerCatalog.Small };
        scene.Owner = await VaultCreator.CreateAsync(scene.Counter, creation, scene.Context("owner"), CancellationToken.None);
        scene.Maintainer = await scene.AddAsync("keeper", MemberRoles.Maintainer, null);
        for (var host = 0; host < TenYearsPlan.Hosts; host++)
        {
            scene.Hosts.Add(await scene.AddAsync($"host-{host}", MemberRoles.Writer, host == 0 ? [TenYearsPlan.DataSetOf(host), RecordScene.DataSet] : [TenYearsPlan.DataSetOf(host)]));
            for (var file = 0; file < Files; file++)
            {
                scene.Write(host, file);
            }
        }

        return scene;
    }

    /// <summary>What people do to a host's files between two backups: two change, and now and then one comes or goes.</summary>
    public void Work(int host)
    {
        Write(host, _work.Next(Files));
        Write(host, _work.Next(Files));
        var extra = Path.Combine(SourceOf(host), $"extra-{_work.Next(Files)}.txt");
        if (_work.Next(10) == 0 && File.Exists(extra))
        {
            File.Delete(extra);
        }
        else if (_work.Next(10) == 0)
        {
            File.WriteAllText(extra, Text());
        }
    }

    public async Task<BackupResult> BackUpAsync(int host)
    {
        using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([SourceOf(host)]) }, TimeProvider.System);
        var options = new BackupOptions { DataSet = TenYearsPlan.DataSetOf(host), HostName = $"host-{host}" };
        return await BackupCorridor.RunAsync(Hosts[host], source, options, RunContext.Unwatched, CancellationToken.None);
    }

    /// <summary>The customers from <paramref name="first"/> on, one record each.</summary>
    public async Task<BackupResult> BackUpMembersAsync(int first, int end)
    {
        var members = Enumerable.Range(first, end - first).Select(static id => ((string?)NameOf(id), (object?)RecordScene.Member(id, "regular")));
        using var spool = RecordScene.Spool(this["spool"], members);
        var options = new BackupOptions { DataSet = RecordScene.DataSet, HostName = "host-0" };
        return await RecordCorridor.RunAsync(Hosts[0], spool, options, RunContext.Unwatched, CancellationToken.None);
    }

    public async Task EraseAsync(int first, int end)
    {
        var request = new ErasureRequest { Subjects = [.. Enumerable.Range(first, end - first).Select(id => Owner.Keys.PseudonymOf(NameOf(id)))], Reason = "asked for" };
        var outcomes = await new SubjectEraser(Owner.RequireReader()).EraseAsync(request, CancellationToken.None);
        Assert.All(outcomes, static outcome => Assert.Equal(ErasureState.Erased, outcome.State));
    }

    public static string NameOf(int customer) => customer.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public async Task<int> VerifyAsync(Snapshot snapshot, SnapshotCatalog catalog, bool readsData) =>
        (await VerifyCorridor.RunAsync(new VerifyRequest(Owner.RequireReader(), snapshot, catalog) { ReadsData = readsData }, RunContext.Unwatched, CancellationToken.None)).Faults.Count;

    public string SourceOf(int host) => _folder[$"files/host-{host}/source"];

    /// <summary>The vault as an empty machine with the owner's key sees it.</summary>
    public async Task<UnlockedVault> OpenFreshAsync(string name)
    {
        using var credential = CredentialFile.Read(this["owner.key"], NullSink.Instance);
        return await (await LockedVault.OpenAsync(Counter, CancellationToken.None)).UnlockAsync(credential, Context(name), CancellationToken.None);
    }

    public async Task<Cost> CostOf(Func<Task> work)
    {
        var (processor, requests) = (Environment.CpuUsage.TotalTime, Counter.Requests);
        await work();
        return new Cost((Environment.CpuUsage.TotalTime - processor).TotalMilliseconds, Counter.Requests - requests);
    }

    /// <summary>As Optimize-BackupVault does.</summary>
    public Task<CollectResult> CollectAsync(int? maxUnusedPercent) =>
        CollectCorridor.RunAsync(Owner, new CollectOptions { MaxUnusedPercent = maxUnusedPercent }, RunContext.Unwatched, CancellationToken.None);

    /// <summary>Of the chunks that some standing snapshot needs.</summary>
    public async Task<long> LiveBytesAsync()
    {
        var catalog = await SnapshotCatalog.LoadAsync(Owner, CancellationToken.None);
        var relocations = await RelocationMap.LoadAsync(Owner, CancellationToken.None);
        var inventory = await PackInventory.TakeAsync(Target, CancellationToken.None);
        using var index = await ChunkIndexLoader.OpenForReadingAsync(Owner, Owner.Self, NullSink.Instance, CancellationToken.None);
        using var fetcher = new ChunkFetcher(Owner.RequireReader(), index);
        var live = new LiveFrames(Owner.RequireReader(), index, fetcher, pack => inventory.Has(pack) && !relocations.IsMoved(pack));
        await live.WalkAsync(catalog.Snapshots, static () => { }, CancellationToken.None);
        return live.Packs.Values.Sum(static frames => frames.LiveBytes);
    }

    public void Dispose()
    {
        Hosts.ForEach(static host => host.Dispose());
        Maintainer.Dispose();
        Owner.Dispose();
        _folder.Dispose();
    }

    private UnlockContext Context(string name) => new(HostState.For(_folder[$"cache/{name}"]), NullSink.Instance, Time);

    private async Task<UnlockedVault> AddAsync(string name, MemberRoles roles, IReadOnlyList<string>? dataSets)
    {
        await MemberAdmission.AddAsync(Owner, new NewMember(name, roles) { KeyFilePath = this[$"{name}.key"], DataSets = dataSets }, CancellationToken.None);
        using var credential = CredentialFile.Read(this[$"{name}.key"], NullSink.Instance);
        return await (await LockedVault.OpenAsync(Counter, CancellationToken.None)).UnlockAsync(credential, Context(name), CancellationToken.None);
    }

    private void Write(int host, int file)
    {
        var path = Path.Combine(SourceOf(host), $"file-{file:D2}.txt");
        Directory.CreateDirectory(SourceOf(host));
        File.WriteAllText(path, Text());
    }

    private string Text() => string.Join(' ', Enumerable.Range(0, _work.Next(200, 900)).Select(_ => $"word{_work.Next(2000)}"));
}
