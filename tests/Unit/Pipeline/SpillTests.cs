using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class SpillTests
{
    private static readonly byte[] Marker = "Ada Lovelace lives here"u8.ToArray();

    [Fact]
    public void Whatever_is_sorted_comes_in_the_order_of_keys_and_of_coming()
    {
        using var folder = new TempFolder();
        Gen.Select(Gen.Int[0, 20], Gen.Byte.Array[0, 60]).Array[0, 300].Sample(
            items =>
            {
                using var sorter = new SubjectSorter(folder.FullPath, runBytes: 500);
                for (var i = 0; i < items.Length; i++)
                {
                    sorter.Add(new Id256((ulong)items[i].Item1, 0, 0, 0), new SpooledRecord(i, $"s{items[i].Item1}", items[i].Item2));
                }

                var expected = items.Select((item, i) => (item.Item1, Number: (long)i, Bytes: Convert.ToHexString(item.Item2))).OrderBy(item => item.Item1).ThenBy(item => item.Number);
                Assert.Equal(
                    expected.Select(item => ($"s{item.Item1}", item.Number, item.Bytes)),
                    sorter.Sorted().Select(item => (item.Subject, item.Number, Convert.ToHexString(item.Record.Span))));
            },
            iter: 60);
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullPath));
    }

    [Fact]
    public void More_runs_than_are_merged_at_a_time_are_merged_in_turns()
    {
        using var folder = new TempFolder();
        using var sorter = new SubjectSorter(folder.FullPath, runBytes: 100);
        var random = new Random(5);
        var keys = Enumerable.Range(0, 5000).Select(_ => (ulong)random.Next(800)).ToList();
        for (var i = 0; i < keys.Count; i++)
        {
            sorter.Add(new Id256(keys[i], 0, 0, 0), new SpooledRecord(i, "s", new byte[30]));
        }

        Assert.True(sorter.SpilledRuns > SubjectSorter.MaxFanIn * 10);
        Assert.Equal(
            keys.Select((key, i) => (key, (long)i)).OrderBy(item => item.key).ThenBy(item => item.Item2),
            sorter.Sorted().Select(item => (item.Key.A, item.Number)));
    }

    [Fact]
    public void The_disk_sees_no_plaintext_and_a_killed_process_leaves_no_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Looks at open files through /proc.");
        using var folder = new TempFolder();
        using var spool = new RecordSpool(folder.FullPath, hasSubjects: true);
        using var sorter = new SubjectSorter(folder.FullPath, runBytes: 10_000);
        for (var i = 0; i < 3000; i++)
        {
            spool.Add("ada@example.org", Marker);
        }

        foreach (var record in spool.Read())
        {
            sorter.Add(new Id256((ulong)record.Number, 0, 0, 0), record);
        }

        var spills = Directory.EnumerateFiles("/proc/self/fd").Where(file => new FileInfo(file).LinkTarget?.StartsWith(folder.FullPath, StringComparison.Ordinal) == true).ToList();
        Assert.True(spills.Count > 2);
        foreach (var bytes in spills.Select(File.ReadAllBytes))
        {
            Assert.Equal(-1, bytes.AsSpan().IndexOf("Lovelace"u8));
            Assert.Equal(-1, bytes.AsSpan().IndexOf("ada@"u8));
        }

        // No name leads to any of them: what is open vanishes with the process.
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullPath));
    }

    [Theory]
    [InlineData("changed")]
    [InlineData("cut within a frame")]
    [InlineData("cut between frames")]
    public void A_changed_file_is_refused_and_never_read_as_records(string how)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reaches the open file through /proc.");
        using var folder = new TempFolder();
        using var spool = new RecordSpool(folder.FullPath, hasSubjects: true);
        for (var i = 0; i < 5; i++)
        {
            spool.Add("ada", new byte[60_000]);
        }

        Assert.Equal(5, spool.Read().Count());
        var path = Directory.EnumerateFiles("/proc/self/fd").Single(file => new FileInfo(file).LinkTarget?.StartsWith(folder.FullPath, StringComparison.Ordinal) == true);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write))
        {
            switch (how)
            {
                case "changed": file.Position = 100_000; file.WriteByte(1); break;
                case "cut within a frame": file.SetLength(100_000); break;
                default: file.SetLength(ObjectHeader.SizeBytes + ObjectKey.CommitmentBytes + 2 * (SealedBlob.FramePlainBytes + FrameSealer.TagBytes)); break;
            }
        }

        RequireSpent(spool);
    }

    [Fact]
    public void A_record_of_which_only_the_beginning_is_there_is_refused()
    {
        using var folder = new TempFolder();
        using var spill = new SpillFile(folder.FullPath);
        spill.Write([1, 2, 3, 4]);
        spill.Rewind();
        spill.Read(new byte[4]);
        spill.Read([]);
        Assert.Equal(FaultCodes.RecordSpillFailed, Assert.Throws<RequestException>(() => spill.Read(new byte[4])).Code);
    }

    [Fact]
    public void A_disk_that_fills_up_ends_the_taking_for_good()
    {
        using var mount = TestMount.Tmpfs("1m");
        using var spool = new RecordSpool(mount.FullPath, hasSubjects: true);
        var refused = Assert.Throws<RequestException>(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                spool.Add("ada", new byte[60_000]);
            }
        });
        Assert.Equal(FaultCodes.RecordSpillFailed, refused.Code);

        // Room comes back, and half a record lies in the file all the same.
        mount.Resize("4m");
        Assert.Equal(FaultCodes.RecordSpillFailed, Assert.Throws<RequestException>(() => spool.Add("ada", new byte[60_000])).Code);
        RequireSpent(spool);
        Assert.Empty(Directory.GetFileSystemEntries(mount.FullPath));
    }

    [Fact]
    public async Task A_disk_that_is_full_in_the_middle_of_a_run_commits_nothing_and_the_next_run_does()
    {
        using var mount = TestMount.Tmpfs("4m");
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        using var spool = RecordScene.Spool(mount.FullPath, RecordScene.Members(2_000, 1, "a note"));
        var filler = Path.Combine(mount.FullPath, "filler");
        Assert.Throws<IOException>(() => Fill(filler));

        var refused = await Assert.ThrowsAsync<RequestException>(() => RunAsync(vault, spool));
        Assert.Equal(FaultCodes.RecordSpillFailed, refused.Code);
        Assert.Empty((await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots);
        File.Delete(filler);
        Assert.Empty(Directory.GetFileSystemEntries(mount.FullPath));

        var backup = await RunAsync(vault, spool);
        Assert.Equal(2_000, (await RecordScene.ReadAsync(vault, backup.Snapshot)).Records.Count);
    }

    [Fact]
    public void A_folder_that_takes_nothing_is_said_with_what_to_do()
    {
        var refused = Assert.Throws<RequestException>(() => new RecordSpool(Path.Combine(Path.GetTempPath(), "none", "nowhere"), hasSubjects: false));
        Assert.Equal(FaultCodes.RecordSpillFailed, refused.Code);
        Assert.Contains("TMPDIR", refused.Remedy, StringComparison.Ordinal);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<BackupResult> RunAsync(UnlockedVault vault, RecordSpool spool) =>
        RecordCorridor.RunAsync(vault, spool, RecordScene.Options, new RunContext(new ProgressCounters(), NullSink.Instance), Token);

    /// <summary>What came before the damage may be read; then the fault comes, and comes again.</summary>
    private static void RequireSpent(RecordSpool spool)
    {
        for (var round = 0; round < 2; round++)
        {
            var refused = Assert.Throws<RequestException>(() => Assert.All(spool.Read(), record => Assert.Equal(("ada", 60_000), (record.Subject, record.Record.Length))));
            Assert.Equal(FaultCodes.RecordSpillFailed, refused.Code);
        }
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        while (true)
        {
            file.Write(new byte[4096]);
        }
    }
}
