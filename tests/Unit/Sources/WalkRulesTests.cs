using System.Runtime.Versioning;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

[UnsupportedOSPlatform("windows")]
public sealed class WalkRulesTests : IDisposable
{
    private static readonly FileSystemSourceOptions Plain = SourceTree.Options();

    private readonly SourceTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void ExcludedFoldersAreNotEnteredAndCountOnce()
    {
        _tree.Write("keep/a.txt");
        _tree.Write("logs/deep/a.log");
        _tree.Write("keep/b.log");
        using var source = _tree.Open(Plain with { Exclude = ["/logs/", "*.log"] });
        var names = source.Enumerate(TestContext.Current.CancellationToken).Select(item => item.Entry!.Path.ToString());
        Assert.Equal(["r", "r/keep", "r/keep/a.txt"], names);
        Assert.Equal(2, source.ExcludedCount);
    }

    [Fact]
    public void IncludeKeepsWhatMatchesAndTheFoldersThatLeadThere()
    {
        _tree.Write("a/b/x.csv");
        _tree.Write("a/b/x.txt");
        _tree.Write("c/y.txt");
        _tree.Folder("empty");
        _tree.Write("docs/all/z");
        _tree.Write("docs/private/z");
        using var source = _tree.Open(Plain with { Include = ["*.csv", "/docs", "!/docs/private"] });
        var names = source.Enumerate(TestContext.Current.CancellationToken).Select(item => item.Entry!.Path.ToString()).ToList();
        Assert.Equal(["r", "r/a", "r/a/b", "r/a/b/x.csv", "r/docs", "r/docs/all", "r/docs/all/z"], names);

        // x.txt, c and its y.txt, empty, private and its z.
        Assert.Equal(6, source.ExcludedCount);
    }

    [Fact]
    public void TheNearestIgnoreFileDecidesAndExcludeBeatsIt()
    {
        _tree.Write(".backupignore", "*.tmp\n/top\n");
        _tree.Write("sub/.backupignore", "!keep.tmp\n!never.tmp\n/own\n");
        _tree.Write("sub/keep.tmp");
        _tree.Write("sub/lose.tmp");
        _tree.Write("sub/never.tmp");
        _tree.Write("sub/own");
        _tree.Write("sub/top");
        _tree.Write("top");
        _tree.Write("own");
        Assert.Equal(
            [".backupignore", "own", "sub", "sub/.backupignore", "sub/keep.tmp", "sub/top"],
            _tree.Names(Plain with { Exclude = ["never.*"] }));
        Assert.Contains("sub/lose.tmp", _tree.Names(Plain with { IgnoreFileName = null }));
    }

    [Fact]
    public void SizeAndAgeLimitFilesAlone()
    {
        var noon = new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
        foreach (var (name, hours) in new[] { ("d/old", -1), ("d/at", 0), ("d/late", 1) })
        {
            File.SetLastWriteTimeUtc(_tree.Write(name, name), noon.AddHours(hours).UtcDateTime);
        }

        Assert.Equal(["d", "d/at", "d/late"], _tree.Names(Plain with { ModifiedSince = noon }));
        Assert.Equal(["d", "d/old"], _tree.Names(Plain with { ModifiedBefore = noon }));
        Assert.Equal(["d", "d/at"], _tree.Names(Plain with { MaxFileSizeBytes = 4 }));
    }

    [Fact]
    public void OfATaggedCacheFolderOnlyTheTagIsTaken()
    {
        _tree.Write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# made by a test");
        _tree.Write("cache/blob");
        _tree.Write("cache/sub/blob");
        _tree.Write("fake/CACHEDIR.TAG", "Signature: none");
        _tree.Write("fake/blob");
        using var source = _tree.Open(Plain with { ExcludesCacheFolders = true });
        Assert.Equal(
            ["r", "r/cache", "r/cache/CACHEDIR.TAG", "r/fake", "r/fake/CACHEDIR.TAG", "r/fake/blob"],
            source.Enumerate(TestContext.Current.CancellationToken).Select(item => item.Entry!.Path.ToString()));
        Assert.Equal(2, source.ExcludedCount);
        Assert.Contains("cache/sub/blob", _tree.Names());
    }

    [Fact]
    public void TheVaultsFolderIsSkippedUnderAnyName()
    {
        _tree.Write("data/f");
        _tree.Write("vault/config");
        using var elsewhere = TestMount.Of(_tree.At("vault"));
        Assert.Equal(["data", "data/f"], _tree.Names(Plain with { SkipFolders = [elsewhere.FullPath] }));
    }

    [Theory]
    [InlineData("vault")]
    [InlineData("alias")]
    public void ARootThatContainsTheVaultIsRefusedUnlessTheVaultIsExcluded(string vault)
    {
        _tree.Write("data/f");
        _tree.Write("vault/config");
        Directory.CreateSymbolicLink(_tree.At("alias"), "vault");
        var options = Plain with { SkipFolders = [_tree.At(vault)] };
        Assert.Equal(FaultCodes.SourceContainsVault, Assert.Throws<RequestException>(() => _tree.Open(options)).Code);
        Assert.Equal(["alias", "data", "data/f"], _tree.Names(options with { Exclude = ["/vault"] }));
    }

    [Theory]
    [InlineData("vault")]
    [InlineData("vault/packs")]
    public void ARootWithinTheVaultIsRefused(string root)
    {
        _tree.Write("vault/packs/p");
        _tree.Write("vault2/f");
        var options = Plain with { Roots = [new FileSystemRoot("r", _tree.At(root))], SkipFolders = [_tree.At("vault")] };
        Assert.Equal(FaultCodes.SourceRootInVault, Assert.Throws<RequestException>(() => FileSystemSource.Open(options, TimeProvider.System)).Code);
        using var beside = FileSystemSource.Open(options with { Roots = [new FileSystemRoot("r", _tree.At("vault2"))] }, TimeProvider.System);
        Assert.Equal(2, beside.Enumerate(TestContext.Current.CancellationToken).Count());
    }

    [Fact]
    public void LimitsThatContradictEachOtherAreRefused()
    {
        var noon = new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(FaultCodes.SourceLimitInvalid, Assert.Throws<RequestException>(() => _tree.Open(Plain with { MaxFileSizeBytes = -1 })).Code);
        Assert.Equal(
            FaultCodes.SourceLimitInvalid,
            Assert.Throws<RequestException>(() => _tree.Open(Plain with { ModifiedSince = noon, ModifiedBefore = noon })).Code);
    }

    [Fact]
    public void OneFileSystemKeepsTheMountPointAlone()
    {
        if (!OperatingSystem.IsLinux() || !Directory.Exists("/dev/shm") || new DirectoryInfo("/dev/shm").LinkTarget is not null)
        {
            Assert.Skip("Needs /dev/shm as a mount of its own.");
        }

        var options = Plain with { Roots = [new FileSystemRoot("dev", "/dev")], StaysOnOneFileSystem = true, Include = ["/shm"] };
        var marker = Path.Combine("/dev/shm", "sb-" + Path.GetFileName(_tree.Path));
        File.WriteAllText(marker, "x");
        try
        {
            using var narrow = FileSystemSource.Open(options, TimeProvider.System);
            using var wide = FileSystemSource.Open(options with { StaysOnOneFileSystem = false }, TimeProvider.System);
            Assert.Equal(["dev", "dev/shm"], narrow.Enumerate(TestContext.Current.CancellationToken).Select(item => item.Entry!.Path.ToString()));
            Assert.Contains(wide.Enumerate(TestContext.Current.CancellationToken), item => item.Entry!.Path.Depth == 3);
        }
        finally
        {
            File.Delete(marker);
        }
    }

    [Fact]
    public void ARootMayBeAFileOrALinkAndIsNeverExcluded()
    {
        _tree.Write("data/f", "text");
        Directory.CreateSymbolicLink(_tree.At("link"), "data");
        var options = Plain with
        {
            Exclude = ["*"],
            Roots = RootNames.Assign([_tree.At("link"), _tree.At("data/f")]),
        };
        using var source = FileSystemSource.Open(options, TimeProvider.System);
        var entries = source.Enumerate(TestContext.Current.CancellationToken).Select(item => item.Entry!).ToList();
        Assert.Equal(["f", "link"], entries.Select(entry => entry.Path.ToString()));
        using var content = entries[0].Open();
        Assert.Equal("text"u8.ToArray(), SourceTree.ReadAll(content));
        Assert.Equal(Engine.Entries.EntryKind.Directory, entries[1].Metadata.Kind);
    }

    [Fact]
    public void TheRootOfTheFileSystemIsARoot()
    {
        using var source = FileSystemSource.Open(Plain with { Roots = RootNames.Assign(["/"]), Include = ["/etc"] }, TimeProvider.System);
        var paths = source.Enumerate(TestContext.Current.CancellationToken).Take(3).Select(item => item.Entry!.Path.ToString()).ToList();
        Assert.Equal("root", paths[0]);
        Assert.Equal("root/etc", paths[1]);
    }

    [Fact]
    public void ChangeTimesAreTrustedAsAsked()
    {
        _tree.Write("f");
        Assert.Null(_tree.Walk(Plain with { ChangeTimeTrust = ChangeTimeTrust.Never })[1].Entry!.Identity.ChangedAt);
        var always = _tree.Walk(Plain with { ChangeTimeTrust = ChangeTimeTrust.Always })[1].Entry!;
        Assert.NotNull(always.Identity.ChangedAt);
        Assert.NotEqual(0ul, always.Identity.FileId);
        Assert.InRange(always.TimeGranularity, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(2));
        Assert.True(always.StatedAt.Seconds >= always.Identity.ChangedAt!.Value.Seconds);
    }
}
