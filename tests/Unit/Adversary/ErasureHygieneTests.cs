using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>After an erasure nothing yields the customer: no file of the target, none of the caches, and not the memory of the process that erased her.</summary>
public sealed class ErasureHygieneTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly RecordingSink _sink = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Neither_target_nor_caches_nor_memory_yield_an_erased_customer()
    {
        var marker = Encoding.UTF8.GetBytes($"anna's secret {Guid.NewGuid():N}");
        var before = await BackUpAsync(marker);
        Assert.True(Find(before.Key, _folder["vault"]).Count == 0 && Find(marker, _folder["vault"]).Count == 0, "The key or the record lay there in the clear from the start.");
        CopyFolder(_folder["vault"], _folder["old copy"]);

        using (var child = new EraserProcess(_folder["vault"], _folder["owner.key"], _folder["cache"], "Anna"))
        {
            await child.ErasedAsync(Token);
            if (OperatingSystem.IsLinux())
            {
                Assert.True(child.HoldsInMemory(Encoding.Unicode.GetBytes(_folder["vault"])), "The search finds nothing at all.");
                Assert.False(child.HoldsInMemory(before.Key), "The process that erased her still holds her key.");
                Assert.False(child.HoldsInMemory(marker), "The process that erased her holds her record.");
            }
        }

        foreach (var folder in (string[])["vault", "cache"])
        {
            Assert.Empty(Find(before.Key, _folder[folder]));
            Assert.Empty(Find(marker, _folder[folder]));
        }

        // Whoever holds every secret of the owner, and all that lies there now, finds nothing of her, and all of the others.
        Assert.Equal((0, 20), await CountAsync("vault", "an empty machine"));

        // An old copy is refused by whoever knows the newer state. For who does not it is what it was: the certificate says that such copies are beyond its reach.
        await VaultBench.RefusedAsync(FaultCodes.VaultRolledBack, () => CountAsync("old copy", "cache"));
        Assert.Equal((20, 20), await CountAsync("old copy", "another empty machine"));
    }

    private async Task<(byte[] Key, DomainId Domain)> BackUpAsync(byte[] marker)
    {
        await using var target = LocalTarget.Create(_folder["vault"]);
        var creation = new VaultCreation { KeyFilePath = _folder["owner.key"] };
        using var owner = await VaultCreator.CreateAsync(target, creation, ContextOf("cache"), Token);
        using var spool = new RecordSpool(Directory.CreateDirectory(_folder["spool"]).FullName, hasSubjects: true);
        var writer = new RecordWriter();
        for (var i = 0; i < 20; i++)
        {
            spool.Add("Anna", writer.Write($"{Encoding.UTF8.GetString(marker)} {i}"));
            spool.Add("Bert", writer.Write($"bert {i}"));
        }

        await RecordCorridor.RunAsync(owner, spool, new BackupOptions { DataSet = "members", HostName = "shop" }, RunContext.Unwatched, Token);
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        using var entry = Assert.Single(await keyring.OfSubjectAsync("Anna", Token));
        return (entry.Key.Bytes.ToArray(), entry.Domain);
    }

    private async Task<(int Anna, int Bert)> CountAsync(string vault, string cache)
    {
        await using var target = LocalTarget.Open(_folder[vault]);
        using var credential = CredentialFile.Read(_folder["owner.key"], _sink);
        var locked = await LockedVault.OpenAsync(target, Token);
        using var owner = await locked.UnlockAsync(credential, ContextOf(cache), Token);
        var snapshot = (await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots.Single();
        using var browser = await RecordBrowser.OpenAsync(owner.RequireReader(), _sink, RecordBrowser.WholeSnapshotReadAheadBytes, Token);
        var (anna, bert) = (0, 0);
        await foreach (var record in browser.EnumerateAsync(snapshot, new RecordTally(), Token))
        {
            anna += record.Value is string value && value.StartsWith("anna", StringComparison.Ordinal) ? 1 : 0;
            bert += record.Value is string other && other.StartsWith("bert", StringComparison.Ordinal) ? 1 : 0;
        }

        return (anna, bert);
    }

    private UnlockContext ContextOf(string cache) => new(HostState.For(_folder[cache]), _sink, TimeProvider.System);

    /// <summary>The files below a folder that hold these bytes, in whole or as text.</summary>
    private static List<string> Find(byte[] bytes, string folder) => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(path =>
        {
            var content = File.ReadAllBytes(path);
            return content.AsSpan().IndexOf(bytes) >= 0 || content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes))) >= 0;
        }),
    ];

    private static void CopyFolder(string from, string to)
    {
        foreach (var path in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }
}
