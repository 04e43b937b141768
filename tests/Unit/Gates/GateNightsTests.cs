using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Collection;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Gates;

/// <summary>What comes after the run that was suspect first, or that broke off.</summary>
public sealed class GateNightsTests : IAsyncLifetime
{
    private PipelineScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await GateScene.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _scene.Dispose();
        return ValueTask.CompletedTask;
    }

    public static TheoryData<string, bool> Harms => new(
        from harm in new[] { nameof(FaultCodes.ContentEntropyJumped), nameof(FaultCodes.ContentMassChanged), nameof(FaultCodes.RansomNamesFound), nameof(FaultCodes.FilesEmptied), nameof(FaultCodes.ContentShrunk) }
        from readsEverything in new[] { false, true }
        select (harm, readsEverything));

    /// <summary>The host's listing is the suspect run's then, and the vault holds all that it stored.</summary>
    [Theory]
    [MemberData(nameof(Harms))]
    public async Task Every_later_run_is_as_suspect_as_the_first_until_a_person_decides(string harm, bool readsEverything)
    {
        await _scene.RunAsync();
        var code = Do(harm);
        var first = await _scene.RunAsync();
        Assert.Contains(code, GateScene.CodesOf(first));
        var last = first;
        for (var night = 2; night <= 3; night++)
        {
            last = await _scene.RunAsync(PipelineScene.Options with { Gates = ContentGates.Default, ReadsEverything = readsEverything });
            Assert.Equal(readsEverything ? 0 : last.Snapshot.FileCount, last.FilesUnchanged);
            Assert.Equal(0, last.ChunksNew);
            Assert.Equal(SnapshotOutcome.Suspect, last.Outcome);
            Assert.Equal(first.Snapshot.Summary.Findings, last.Snapshot.Summary.Findings);
            Assert.Equal(first.Snapshot.Summary.Figures, last.Snapshot.Summary.Figures);
        }

        await _scene.DecideAsync(last.Snapshot, SnapshotVerdict.Approved);
        for (var night = 4; night <= 5; night++)
        {
            var after = await _scene.RunAsync();
            Assert.Empty(after.Snapshot.Summary.Findings);
            Assert.Equal((SnapshotOutcome.Succeeded, 0L), (after.Outcome, after.Snapshot.Summary.Figures!.NewBytes));
        }
    }

    [Fact]
    public async Task After_a_rejection_what_is_still_encrypted_is_suspect_and_what_was_brought_back_is_good()
    {
        await _scene.RunAsync();
        _scene.EncryptAll();
        await _scene.DecideAsync((await _scene.RunAsync()).Snapshot, SnapshotVerdict.Rejected);
        Assert.Equal(SnapshotOutcome.Suspect, (await _scene.RunAsync()).Outcome);
        for (var i = 0; i < GateScene.Files; i++)
        {
            _scene.WriteText(i);
        }

        var restored = await _scene.RunAsync();
        Assert.Empty(restored.Snapshot.Summary.Findings);
        Assert.Equal(0, restored.Snapshot.Summary.Figures!.NewBytes);
    }

    /// <summary>Without a segment the next run adopts the packs; with one it finds them in the index.</summary>
    [Theory]
    [InlineData("index/", true)]
    [InlineData("snapshots/", false)]
    public async Task A_run_that_broke_off_makes_nothing_good(string failsAt, bool adopts)
    {
        await _scene.RunAsync();
        _scene.EncryptAll();
        await Assert.ThrowsAsync<TargetException>(() => _scene.RunAsync(target: new BrokenLine(_scene.Target, failsAt)));
        var next = await _scene.RunAsync();
        Assert.Equal(adopts, next.PacksAdopted > 0);
        Assert.True(next.BytesStored < next.Snapshot.ContentBytes / 10, $"{next.BytesStored} bytes were stored once more.");
        Assert.Contains(FaultCodes.ContentEntropyJumped, GateScene.CodesOf(next));
        Assert.Contains(FaultCodes.ContentMassChanged, GateScene.CodesOf(next));
    }

    /// <summary>Another data set of the same folder, whose gates nobody asked.</summary>
    [Fact]
    public async Task What_another_data_set_brought_into_the_vault_is_no_less_new()
    {
        await _scene.RunAsync();
        _scene.EncryptAll();
        await _scene.RunAsync(PipelineScene.Options with { DataSet = "all" });
        Assert.Contains(FaultCodes.ContentEntropyJumped, GateScene.CodesOf(await _scene.RunAsync()));
    }

    [Fact]
    public async Task A_host_with_a_new_key_is_compared_by_content_though_it_stores_everything_anew()
    {
        using var owner = await _scene.UnlockAsync();
        using (var old = await WriterAsync(owner, "shop01"))
        {
            await _scene.RunAsync(old);
        }

        using var reinstalled = await WriterAsync(owner, "shop01-anew");
        var same = await _scene.RunAsync(reinstalled);
        Assert.True(same.BytesStored > 100_000, "It leaned on the old key's packs.");
        Assert.Empty(same.Snapshot.Summary.Findings);
        Assert.Equal((SnapshotOutcome.Succeeded, 0L), (same.Outcome, same.Snapshot.Summary.Figures!.NewBytes));
        Assert.InRange(same.Snapshot.Summary.Figures.DensePermille, 0, 300);
        using var third = await WriterAsync(owner, "shop01-again");
        _scene.EncryptAll();
        Assert.Contains(FaultCodes.ContentEntropyJumped, GateScene.CodesOf(await _scene.RunAsync(third)));
    }

    [Fact]
    public async Task Files_that_are_made_empty_are_no_emptied_ones()
    {
        await _scene.RunAsync();
        for (var i = 0; i < 20; i++)
        {
            _scene.Write($"package{i}/__init__.py", []);
        }

        Assert.Empty((await _scene.RunAsync()).Snapshot.Summary.Findings);
        for (var i = 0; i < 8; i++)
        {
            _scene.Write($"{i}.txt", []);
        }

        Assert.Contains(FaultCodes.FilesEmptied, GateScene.CodesOf(await _scene.RunAsync()));
    }

    [Fact]
    public async Task One_of_a_few_files_may_become_empty()
    {
        for (var i = 9; i < GateScene.Files; i++)
        {
            File.Delete(Path.Combine(_scene.SourcePath, $"{i}.txt"));
        }

        await _scene.RunAsync();
        _scene.Write("0.txt", []);
        Assert.Empty((await _scene.RunAsync()).Snapshot.Summary.Findings);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_read_is_counted_once()
    {
        using var vault = await _scene.UnlockAsync();
        var files = new SortedDictionary<string, (byte[] Bytes, long Version)>(StringComparer.Ordinal) { ["mailbox"] = (RandomOf(100_000), 1), ["rest"] = (RandomOf(900_000), 1) };
        Task<BackupResult> RunAsync(string? restless) => BackupCorridor.RunAsync(
            vault, new MemorySource(files) { Restless = restless }, PipelineScene.Options with { Gates = ContentGates.Default }, RunContext.Unwatched, PipelineScene.Token);
        await RunAsync(null);
        files["mailbox"] = (RandomOf(100_000), 2);
        var backup = await RunAsync("mailbox");
        Assert.Equal(FaultCodes.EntryChanged, Assert.Single(backup.Faults).Code);
        Assert.Equal(100_000, backup.Snapshot.Summary.Figures!.NewBytes);
    }

    /// <summary>Each occurrence counts, as it does in the size of the whole.</summary>
    [Fact]
    public async Task The_same_noise_in_every_file_is_counted_in_every_file()
    {
        await _scene.RunAsync();
        var noise = RandomOf(300_000);
        for (var i = 0; i < GateScene.Files; i++)
        {
            _scene.Write($"{i}.txt", noise);
        }

        var backup = await _scene.RunAsync();
        Assert.Equal(GateScene.Files * 300_000L, backup.Snapshot.Summary.Figures!.NewBytes);
        Assert.InRange(backup.Snapshot.Summary.Figures.DensePermille, 900, 1000);
    }

    private static byte[] RandomOf(int length) => System.Security.Cryptography.RandomNumberGenerator.GetBytes(length);

    private FaultCode Do(string harm)
    {
        switch (harm)
        {
            case nameof(FaultCodes.ContentEntropyJumped):
                _scene.EncryptAll();
                return FaultCodes.ContentEntropyJumped;
            case nameof(FaultCodes.ContentMassChanged):
                for (var i = 0; i < GateScene.Files; i++)
                {
                    _scene.WriteText(i, seed: 1000 + i);
                }

                return FaultCodes.ContentMassChanged;
            case nameof(FaultCodes.RansomNamesFound):
                _scene.Write("How_To_Decrypt.txt", "pay"u8);
                return FaultCodes.RansomNamesFound;
            case nameof(FaultCodes.FilesEmptied):
                for (var i = 0; i < 4; i++)
                {
                    _scene.Write($"{i}.txt", []);
                }

                return FaultCodes.FilesEmptied;
            default:
                for (var i = 10; i < GateScene.Files; i++)
                {
                    File.Delete(Path.Combine(_scene.SourcePath, $"{i}.txt"));
                }

                return FaultCodes.ContentShrunk;
        }
    }

    private async Task<UnlockedVault> WriterAsync(UnlockedVault owner, string name)
    {
        var path = _scene.Folder[$"{name}.key"];
        await WriterKeys.ExportAsync(owner, name, path, null, PipelineScene.Token);
        using var credential = CredentialFile.Read(path, _scene.Sink);
        return await (await LockedVault.OpenAsync(_scene.Target, PipelineScene.Token)).UnlockAsync(credential, _scene.Context, PipelineScene.Token);
    }

    /// <summary>A line to the store that breaks before anything is stored under a prefix.</summary>
    private sealed class BrokenLine(Target inner, string prefix) : DelegatingTarget(inner)
    {
        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
            name.Value.StartsWith(prefix, StringComparison.Ordinal)
                ? throw new TargetException(TargetFault.Unavailable, "The line is dead.")
                : base.PutAsync(name, content, options, cancellationToken);
    }
}
