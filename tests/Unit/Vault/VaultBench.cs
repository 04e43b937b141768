using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>What the engine reported, in any order.</summary>
internal sealed class RecordingSink : IEngineSink
{
    private readonly ConcurrentQueue<BackupEvent> _events = new();

    public IEnumerable<FaultCode?> Codes => _events.Select(static item => item.Code);

    public void Report(BackupEvent backupEvent) => _events.Enqueue(backupEvent);
}

/// <summary>A vault in memory with its hosts' folders, and the ways in.</summary>
internal sealed class VaultBench : IDisposable
{
    public const string Passphrase = "four words are better";

    public static readonly Argon2Parameters Cheap = new(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses);

    private readonly TempFolder _folder = new();

    public VaultBench()
    {
        Time = new FakeTimeProvider(DateTimeOffset.Parse("2026-03-01T12:00:00Z", System.Globalization.CultureInfo.InvariantCulture));
        Target = new MemoryTarget(Time);
    }

    public FakeTimeProvider Time { get; }

    public MemoryTarget Target { get; set; }

    public RecordingSink Sink { get; } = new();

    public string KeyPath => _folder["owner.key"];

    public string this[string name] => _folder[name];

    /// <summary>Another name is another host, which has seen nothing.</summary>
    public UnlockContext Host(string name = "host") => new(HostState.For(_folder[$"cache-{name}"]), Sink, Time);

    public Task<UnlockedVault> CreateAsync(bool hasPassphrase = false) => VaultCreator.CreateAsync(
        Target,
        new VaultCreation { Passphrase = hasPassphrase ? Passphrase.AsMemory() : default(ReadOnlyMemory<char>?), KeyFilePath = KeyPath, Stretching = Cheap },
        Host(),
        CancellationToken.None);

    public async Task<UnlockedVault> OpenAsync(VaultCredential credential, string host = "host")
    {
        using (credential)
        {
            var locked = await LockedVault.OpenAsync(Target, CancellationToken.None);
            return await locked.UnlockAsync(credential, Host(host), CancellationToken.None);
        }
    }

    public Task<UnlockedVault> OpenByFileAsync(string? path = null, string host = "host") => OpenAsync(CredentialFile.Read(path ?? KeyPath, Sink), host);

    public Task<UnlockedVault> OpenByPassphraseAsync(string passphrase = Passphrase, string host = "host") => OpenAsync(new PassphraseCredential(passphrase.AsMemory()), host);

    public async Task<UnlockedVault> OpenAsWriterAsync(UnlockedVault owner, string name, params string[] dataSets)
    {
        await WriterKeys.ExportAsync(owner, name, _folder[$"{name}.key"], dataSets.Length == 0 ? null : dataSets, CancellationToken.None);
        return await OpenByFileAsync(_folder[$"{name}.key"], name);
    }

    public async Task<Snapshot> BackUpAsync(UnlockedVault vault, string dataSet = "crm", string[]? tags = null)
    {
        Time.Advance(TimeSpan.FromHours(1));
        var catalog = await SnapshotCatalog.LoadAsync(vault, CancellationToken.None);
        PackId[] packs = [.. Enumerable.Range(0, 3).Select(static _ => new PackId(Id256.Random())).Order()];
        return await new ManifestWriter(vault, catalog).CommitAsync(
            SummaryOf(vault, dataSet, tags ?? [], await ReferenceSet.WriteAsync(vault, packs, CancellationToken.None)), SomeOwnerPart(), Id256.Random(), CancellationToken.None);
    }

    public static SnapshotSummary SummaryOf(UnlockedVault vault, string dataSet, string[] tags, IReadOnlyList<ObjectId> pages) => new()
    {
        DataSetId = vault.Keys.DataSetIdOf(dataSet),
        DataSet = dataSet,
        StartedAt = vault.Now,
        EndedAt = vault.Now,
        HostName = "shop-1",
        Tags = tags,
        EntryCount = 7,
        FileCount = 5,
        ContentBytes = 1234,
        StoredBytes = 999,
        ReferencePages = pages,
        PackCount = 3,
    };

    public static OwnerPart SomeOwnerPart() => new(
        new ListingRoot(1, new ChunkId(Id256.Random())),
        new ContentRef(0, [new ChunkId(Id256.Random())]),
        [new SnapshotRoot("crm"u8.ToArray(), "/srv/crm", "linux")],
        ["*.tmp"],
        null);

    /// <summary>Signs and stores a register entry as an attacker with an owner's key would: judged by nobody.</summary>
    public void ForceEntry(UnlockedVault owner, Func<RegisterEntry, RegisterEntry> change, params SigningKey[] signers)
    {
        var number = owner.Register.Head.Number + 1;
        var entry = change(new RegisterEntry(number, owner.Register.Head.Hash, owner.Now, [], []));
        ForceEntry(owner, number, RegisterCodec.Encode(entry), signers);
    }

    public void ForceEntry(UnlockedVault owner, uint number, byte[] body, params SigningKey[] signers) => Target.Replace(
        ObjectNames.RegisterEntry(number),
        SignedObject.Build(new ObjectHeader(ObjectKind.RegisterEntry, 0, owner.Id, ObjectId.Random()), body, signers.Length == 0 ? [owner.SelfKey] : signers));

    public ObjectName Single(string folder) => Target.Objects.Keys.Single(name => name.Value.StartsWith(folder, StringComparison.Ordinal));

    public static async Task<BackupException> RefusedAsync(FaultCode code, Func<Task> action)
    {
        var exception = await Assert.ThrowsAnyAsync<BackupException>(action);
        Assert.True(exception.Code == code, $"Expected {code.Name}, got {exception.Code.Name}: {exception.Message}");
        return exception;
    }

    public void Dispose() => _folder.Dispose();
}
