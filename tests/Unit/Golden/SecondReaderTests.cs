using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Sources;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>What the engine writes is what the specification says: a reader made from the specification alone reads it, and refuses what was changed.</summary>
[SupportedOSPlatform("linux")]
public sealed class SecondReaderTests(SecondReaderTests.SharedVault shared) : IClassFixture<SecondReaderTests.SharedVault>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_passes_its_own_tests()
    {
        await SecondReader.RequireAsync();
        (await SecondReader.OwnTestsAsync()).RequireSuccess();
    }

    [Fact]
    public async Task It_finds_nothing_wrong_with_a_rich_vault()
    {
        var vault = await shared.RequireAsync();
        var run = await SecondReader.WithPassphraseAsync(vault.VaultPath, RichVault.Passphrase, "verify");
        run.RequireSuccess();
        Assert.StartsWith($"2 snapshots, {vault.Objects("packs").Length} packs, ", run.Output, StringComparison.Ordinal);
        Assert.EndsWith(": 0 problems\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(GoldenTests.Names), MemberType = typeof(GoldenTests))]
    public async Task It_finds_nothing_wrong_with_a_golden_vault(string name)
    {
        await SecondReader.RequireAsync();
        var golden = new GoldenVault(Path.Combine(GoldenVault.Root, name));
        var run = await SecondReader.WithPassphraseAsync(Path.Combine(golden.Folder, GoldenVault.VaultFolder), golden.Passphrase.ToString(), "verify");
        run.RequireSuccess();
        Assert.StartsWith($"{golden.Expected.Count} snapshot", run.Output, StringComparison.Ordinal);
        Assert.EndsWith(": 0 problems\n", run.Output, StringComparison.Ordinal);
    }

    /// <summary>Unlockers that somebody made who did not know their secrets, and leftovers that the register does not name.</summary>
    [Fact]
    public async Task It_opens_a_vault_whose_keys_were_locked_anew()
    {
        await SecondReader.RequireAsync();
        using var folder = new TempFolder();
        var context = new UnlockContext(HostState.For(folder["host"]), NullSink.Instance, TimeProvider.System);
        var options = new VaultCreation { Passphrase = RichVault.Passphrase.AsMemory(), KeyFilePath = folder["owner.key"] };
        using (var owner = await VaultCreator.CreateAsync(LocalTarget.Create(folder["vault"]), options, context, Token))
        {
            await VaultKeys.AddKeyFileAsync(owner, folder["gone.key"], "gone", [], Token);
            await VaultKeys.RemoveAsync(owner, ["gone"], Token);
        }

        (await SecondReader.WithPassphraseAsync(folder["vault"], RichVault.Passphrase, "list")).RequireSuccess();
        (await SecondReader.WithKeyFileAsync(folder["vault"], folder["owner.key"], "list")).RequireSuccess();
        Assert.StartsWith("refused as wrong key", (await SecondReader.WithKeyFileAsync(folder["vault"], folder["gone.key"], "list")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_lists_the_snapshots_that_were_not_removed()
    {
        var vault = await shared.RequireAsync();
        var run = await SecondReader.WithKeyFileAsync(vault.VaultPath, vault.KeyFilePath, "list");
        run.RequireSuccess();
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([.. vault.Backups.Skip(1).Select(static backup => backup.Snapshot.Id.ToString())], lines.Select(static line => line.Split("  ")[0]));
        Assert.All(lines, static line => Assert.EndsWith("  degraded", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_restores_what_was_backed_up()
    {
        var vault = await shared.RequireAsync();
        var destination = vault.Scratch("restored");
        var run = await SecondReader.WithKeyFileAsync(vault.VaultPath, vault.KeyFilePath, "restore", vault.Newest.Snapshot.Id.ToString(), destination);
        run.RequireSuccess();
        Assert.Equal("not restored, kind 5: source/pipe\n", run.Error);
        using var expected = RichVault.Open(vault.SourcePath);
        using var actual = RichVault.Open(Path.Combine(destination, "source"));
        var restored = Walk(actual);
        foreach (var entry in Walk(expected).Where(static entry => entry.Metadata.Kind != EntryKind.Fifo))
        {
            AssertSame(entry, restored.Dequeue());
        }

        Assert.Empty(restored);
    }

    [Fact]
    public async Task It_reads_what_a_restore_does_not_show()
    {
        var vault = await shared.RequireAsync();
        var run = await SecondReader.WithPassphraseAsync(vault.VaultPath, RichVault.Passphrase, "entries", vault.Newest.Snapshot.Id.ToString());
        run.RequireSuccess();
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!).ToList();
        JsonNode Entry(string path) => lines.Single(line => string.Equals((string?)line["path"], $"source/{path}", StringComparison.Ordinal));
        Assert.InRange((int)lines[0]["levels"]!, 3, 8);
        Assert.Equal((0, 1, 1), ((int)Entry("direct.bin")["depth"]!, (int)Entry("one-list.bin")["depth"]!, (int)Entry("many-lists.bin")["depth"]!));
        Assert.Equal(Hex(RichTree.SmallAttribute), (string?)Entry("attributes.txt")["attributes"]!["user.small"]);
        Assert.Equal(Hex(RichSource.LargeAttribute.Value), (string?)Entry(RichSource.Attributed)["attributes"]!["user.large"]);
        Assert.NotEmpty(Entry("sparse.img")["holes"]!.AsArray());
        Assert.Equal((RichTree.LongAgo.Seconds, RichTree.LongAgo.Nanoseconds), ((long)Entry("rights")["modified"]![0]!, (uint)Entry("rights")["modified"]![1]!));
        Assert.Equal(5, (int)Entry("pipe")["kind"]!);
        Assert.Equal(FaultCodes.EntryChanged.ToString(), (string?)Entry(RichSource.Restless)["fault"]);
        var faults = lines.Where(static line => line["fault"] is JsonObject).Select(static line => ((string)line["fault"]!["path"]!, (string)line["fault"]!["code"]!));
        Assert.Equal(vault.Newest.Faults.Select(static fault => (fault.Path, fault.Code.ToString())), faults);
        Assert.Contains(faults, static fault => fault.Item1.EndsWith($"source/{RichSource.Vanishing}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("register", "refused as tampered")]
    [InlineData("keys", "refused as tampered")]
    [InlineData("bundles", "refused as tampered")]
    public async Task It_does_not_open_a_vault_with_a_changed(string kind, string refusal)
    {
        var vault = await shared.RequireAsync();
        var changed = vault.Objects(kind);
        Array.ForEach(changed, FlipLast);
        try
        {
            var run = await SecondReader.WithPassphraseAsync(vault.VaultPath, RichVault.Passphrase, "list");
            Assert.Equal(2, run.ExitCode);
            Assert.StartsWith(refusal, run.Error, StringComparison.Ordinal);
        }
        finally
        {
            Array.ForEach(changed, FlipLast);
        }
    }

    [Fact]
    public async Task It_refuses_to_restore_from_a_changed_pack()
    {
        var vault = await shared.RequireAsync();
        var packs = vault.Objects("packs");
        Array.ForEach(packs, FlipMiddle);
        try
        {
            var run = await SecondReader.WithPassphraseAsync(
                vault.VaultPath, RichVault.Passphrase, "restore", vault.Newest.Snapshot.Id.ToString(), vault.Scratch("refused"));
            Assert.Equal(2, run.ExitCode);
            Assert.StartsWith("refused as tampered", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            Array.ForEach(packs, FlipMiddle);
        }
    }

    [Fact]
    public async Task It_names_a_changed_index_segment_and_lists_the_snapshots_all_the_same()
    {
        var vault = await shared.RequireAsync();
        var segment = vault.Objects("index")[0];
        FlipLast(segment);
        try
        {
            var run = await SecondReader.WithPassphraseAsync(vault.VaultPath, RichVault.Passphrase, "list");
            Assert.Equal(1, run.ExitCode);
            Assert.Contains($"index/{Path.GetFileName(segment)}", run.Error, StringComparison.Ordinal);
            Assert.Contains(vault.Newest.Snapshot.Id.ToString(), run.Output, StringComparison.Ordinal);
        }
        finally
        {
            FlipLast(segment);
        }
    }

    /// <summary>One object of each kind that no other is found by, all at once: each is named, and none hides another.</summary>
    [Fact]
    public async Task It_names_every_changed_object()
    {
        var vault = await shared.RequireAsync();
        string[] kinds = ["packs", "sessions", "removals", "verifications", "condemned"];
        string[] changed =
        [
            .. kinds.Select(kind => vault.Objects(kind)[0]),
            vault.PathOf(ObjectNames.Manifest(vault.Backups[1].Snapshot.Id)),
            vault.PathOf(ObjectNames.ReferencePage(vault.Newest.Snapshot.ReferencePages[0])),
        ];
        Array.ForEach(changed, FlipLast);
        try
        {
            var run = await SecondReader.WithPassphraseAsync(vault.VaultPath, RichVault.Passphrase, "verify");
            Assert.Equal(1, run.ExitCode);
            var problems = run.Error.Split('\n');
            Assert.All(changed, path => Assert.Contains(problems, problem => problem.Contains(Path.GetFileName(path), StringComparison.Ordinal)));
        }
        finally
        {
            Array.ForEach(changed, FlipLast);
        }
    }

    private static Queue<SourceEntry> Walk(FileSystemSource source) => new(source.Enumerate(Token).Select(static item =>
    {
        Assert.Null(item.Fault);
        return item.Entry!;
    }));

    private static void AssertSame(SourceEntry expected, SourceEntry actual)
    {
        Assert.Equal(expected.Path, actual.Path);
        var (before, after) = (expected.Metadata, actual.Metadata);
        Assert.Equal((before.Kind, before.SizeBytes, before.Mode, before.HardLinkTarget), (after.Kind, after.SizeBytes, after.Mode, after.HardLinkTarget));
        Assert.Equal(before.LinkTarget, after.LinkTarget);
        if (before.ModifiedAt.Seconds >= 0)
        {
            // Node sets wrong fractions of a second before 1970, and none below the microsecond.
            Assert.InRange(Microseconds(after.ModifiedAt) - Microseconds(before.ModifiedAt), -2, 2);
        }

        if (before.Kind == EntryKind.File)
        {
            using var left = expected.Open();
            using var right = actual.Open();
            Assert.True(SourceTree.ReadAll(left).AsSpan().SequenceEqual(SourceTree.ReadAll(right)), $"'{expected.Path}' differs.");
        }
    }

    private static long Microseconds(Timestamp time) => (time.Seconds * 1_000_000) + (time.Nanoseconds / 1000);

    private static string Hex(byte[] value) => Convert.ToHexStringLower(SHA256.HashData(value));

    private static void FlipLast(string path) => Flip(path, static length => length - 1);

    private static void FlipMiddle(string path) => Flip(path, static length => length / 2);

    private static void Flip(string path, Func<long, long> place)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var at = place(RandomAccess.GetLength(file));
        Span<byte> one = stackalloc byte[1];
        RandomAccess.Read(file, one, at);
        one[0] ^= 0x10;
        RandomAccess.Write(file, one, at);
    }

    /// <summary>Makes the vault when the first test asks for it, and not where nothing can read it.</summary>
    public sealed class SharedVault : IDisposable
    {
        private RichVault? _vault;

        internal async Task<RichVault> RequireAsync()
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "Names of any bytes, holes and attributes are made with Linux calls.");
            await SecondReader.RequireAsync();
            return _vault ??= await RichVault.CreateAsync(Token);
        }

        public void Dispose() => _vault?.Dispose();
    }
}
