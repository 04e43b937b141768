using System.Runtime.Versioning;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

/// <summary>The walk with helpers sees what it sees alone, and asks for nothing that it would not.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class LookAheadTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.MaxValue;
    private static readonly TimeSpan Always = TimeSpan.Zero;
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(60);

    private readonly SourceTree _tree = new();
    private readonly WatchedReader _reader = new();
    private readonly CountdownEvent _helped = new(1);
    private int _walker;
    private Func<Timestamp> _now = static () => new Timestamp(1_800_000_000, 0);

    private bool IsWalker => Environment.CurrentManagedThreadId == _walker;

    public void Dispose()
    {
        _reader.Dispose();
        _tree.Dispose();
        _helped.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void EveryNameIsLookedAtOnceAndNoFolderListedThatTheRulesLeaveOut(int seed)
    {
        var random = new Random(seed);
        Fill("", 4, random);
        var options = SourceTree.Options() with
        {
            Exclude = ["/f01/f02/", "f05", "!/f06/f05"],
            Include = seed % 2 == 0 ? ["/f00", "*.b", "!/f00/f03"] : [],
            ExcludesCacheFolders = seed % 3 != 0,
            SkipFolders = [_tree.Folder("f07/f07")],
        };
        var alone = Walk(options, Never).Select(SourceTree.Tell).ToList();
        var calls = _reader.Calls.Select(static call => call.Call).Order().ToList();
        _reader.Calls.Clear();

        _reader.Before = WaitForHelp;
        Assert.Equal(alone, Walk(options, Always).Select(SourceTree.Tell));
        Assert.Equal(calls, _reader.Calls.Select(static call => call.Call).Order());
    }

    [Fact]
    public void SeveralFoldersAreListedAtOnceAndThoseBelowThemToo()
    {
        WriteInto(40, "/deep/deeper/x");

        using var several = new CountdownEvent(3);
        _reader.Before = call =>
        {
            if (!IsWalker && call.StartsWith("list", StringComparison.Ordinal))
            {
                Signal(several);
                Assert.True(several.Wait(LongEnough, TestContext.Current.CancellationToken), "Folders are listed one after the other.");
            }
        };
        Assert.Equal(1 + (40 * 4), WalkInTurns(static (_, _) => { }).Count);
        Assert.All(["f20", "f20/deep", "f20/deep/deeper"], folder => Assert.DoesNotContain(("list " + _tree.At(folder), _walker), _reader.Calls));
    }

    [Fact]
    public void WhatWasSeenLongAgoIsLookedAtAndListedAgain()
    {
        for (var i = 0; i < 48; i++)
        {
            _tree.Write($"f{i % 24:00}/x{i}");
        }

        var seconds = 1_800_000_000L;
        _now = () => new Timestamp(Interlocked.Add(ref seconds, 3), 0);
        _reader.Before = WaitForHelp;
        var items = Walk(SourceTree.Options(), Always);
        Assert.Equal(1 + 24 + 48, WalkersCalls("look"));
        Assert.Equal(1 + 24, WalkersCalls("list"));
        _reader.Before = static _ => { };
        Assert.Equal(Walk(SourceTree.Options(), Never).Select(SourceTree.Tell), items.Select(SourceTree.Tell));
    }

    [Fact]
    public void HelpersLookAgainWhereTheWalkWasHeldUp()
    {
        WriteInto(48, "/x");

        var seconds = 1_800_000_000L;
        _now = () => new Timestamp(Interlocked.Read(ref seconds), 0);
        var items = WalkInTurns((number, ahead) =>
        {
            if (number == 20)
            {
                Assert.NotEqual(0, ahead.Listings);
                Interlocked.Add(ref seconds, 3);
                _tree.Write("f40/added");
            }
        });
        Assert.Equal(1 + (48 * 2) + 1, items.Count);
        Assert.Equal(2, Calls("look " + _tree.At("f40")));
        Assert.DoesNotContain(("look " + _tree.At("f40"), _walker), _reader.Calls);
    }

    [Fact]
    public void AClockThatIsSetBackMakesNothingFresh()
    {
        WriteInto(40, "");

        var seconds = 1_800_000_000L;
        _now = () => new Timestamp(Interlocked.Decrement(ref seconds), 0);
        _reader.Before = WaitForHelp;
        Assert.Equal(41, Walk(SourceTree.Options(), Always).Count);
        Assert.Equal(41, WalkersCalls("look"));
    }

    [Fact]
    public void WhatAHelperCannotReadTheWalkTriesItself()
    {
        WriteInto(64, "/x");

        _reader.Before = call =>
        {
            WaitForHelp(call);
            if (!IsWalker || call.EndsWith("f33", StringComparison.Ordinal))
            {
                throw new SourceFaultException(new SourceFault(FaultCodes.EntryUnreadable, call, "It cannot be read."));
            }
        };
        var items = Walk(SourceTree.Options(), Always);
        Assert.Equal(1 + (2 * 63), items.Count(static item => item.Entry is not null));
        Assert.Equal("look " + _tree.At("f33"), Assert.Single(items, static item => item.Fault is not null).Fault!.Path);
    }

    [Fact]
    public void WhatAHelperDiesOfEndsTheWalk()
    {
        WriteInto(100, "");

        _reader.Before = call =>
        {
            WaitForHelp(call);
            if (!IsWalker)
            {
                throw new InvalidOperationException("A fault of the program.");
            }
        };
        Assert.Equal("A fault of the program.", Assert.Throws<InvalidOperationException>(() => Walk(SourceTree.Options(), Always)).Message);
    }

    [Fact]
    public void AFolderOfManyNamesIsListedByTheWalk()
    {
        for (var i = 0; i < 20; i++)
        {
            _tree.Folder($"f{i:00}");
        }

        Enumerable.Range(0, 5_000).ToList().ForEach(name => File.WriteAllBytes(_tree.At($"f19/{name:0000}"), []));
        Assert.Equal(1 + 20 + 5_000, WalkInTurns(static (_, _) => { }).Count);
        Assert.Equal(2, Calls("list " + _tree.At("f19")));
        Assert.Contains(("list " + _tree.At("f19"), _walker), _reader.Calls);
    }

    [Fact]
    public void AWalkThatIsLeftEarlyLeavesNobodyBehind()
    {
        WriteInto(100, "/x");

        using var isLeft = new CountdownEvent(1);
        var slice = Enumerable.Range(0, 8).Select(i => "look " + _tree.At($"f{i:00}")).ToHashSet();
        var held = 0;
        _reader.Before = call =>
        {
            WaitForHelp(call);
            if (!IsWalker && !slice.Contains(call))
            {
                Interlocked.Increment(ref held);
                Assert.True(isLeft.Wait(LongEnough, TestContext.Current.CancellationToken), "The walk is not left.");
                Interlocked.Decrement(ref held);
            }
        };
        using (var ahead = new LookAhead(_reader, _now, Always))
        {
            Assert.Equal(2, Items(SourceTree.Options(), ahead).Take(2).Count());
            Signal(isLeft);
        }

        Assert.Equal(0, held);
    }

    /// <param name="below">The path of a file in each folder <c>f00</c>, <c>f01</c> and so on; empty: they are files themselves.</param>
    private void WriteInto(int count, string below) => Enumerable.Range(0, count).ToList().ForEach(i => _tree.Write($"f{i:00}{below}"));

    /// <summary>Before its first look at a name the walk waits until somebody has helped.</summary>
    private void WaitForHelp(string call)
    {
        if (!IsWalker)
        {
            Signal(_helped);
        }
        else if (!call.EndsWith(_tree.Path, StringComparison.Ordinal))
        {
            Assert.True(_helped.Wait(LongEnough, TestContext.Current.CancellationToken), "Nobody helps.");
        }
    }

    private static void Signal(CountdownEvent some)
    {
        lock (some)
        {
            _ = some.IsSet || some.Signal();
        }
    }

    private List<SourceItem> Walk(FileSystemSourceOptions options, TimeSpan slow)
    {
        using var ahead = new LookAhead(_reader, _now, slow);
        return [.. Items(options, ahead)];
    }

    /// <summary>After each item, of which there have been so many, helpers do all that they were asked for.</summary>
    private List<SourceItem> WalkInTurns(Action<int, LookAhead> after)
    {
        using var ahead = new LookAhead(_reader, _now, Always);
        var items = new List<SourceItem>();
        foreach (var item in Items(SourceTree.Options(), ahead))
        {
            items.Add(item);
            Assert.True(SpinWait.SpinUntil(() => ahead.Done == ahead.Sent, LongEnough), "Helpers do not end.");
            after(items.Count, ahead);
        }

        Assert.Equal(0, ahead.Listings);
        return items;
    }

    private int Calls(string which) => _reader.Calls.Count(call => string.Equals(call.Call, which, StringComparison.Ordinal));

    private int WalkersCalls(string kind) =>
        _reader.Calls.Where(call => call.Thread == _walker && call.Call.StartsWith(kind, StringComparison.Ordinal)).Distinct().Count();

    private IEnumerable<SourceItem> Items(FileSystemSourceOptions options, LookAhead ahead)
    {
        _walker = Environment.CurrentManagedThreadId;
        var walk = new FileSystemWalk(_reader, ahead, WalkRules.Create(options, _reader), new HardLinkTable(), _now, static () => { });
        return walk.Run(EntryPath.Root.Append("r"u8.ToArray()), _reader.Resolve(new FileSystemRoot("r", _tree.Path)), TestContext.Current.CancellationToken);
    }

    /// <summary>Folders, files, ignore files and cache folders at random; names repeat, so that rules meet them at every level.</summary>
    private void Fill(string folder, int levels, Random random)
    {
        var (files, folders) = levels == 4 ? (20, 9) : (random.Next(12), random.Next(6));
        for (var i = 0; i < files; i++)
        {
            _tree.Write($"{folder}{i:00}{(random.Next(4) == 0 ? ".b" : "")}", new string('x', random.Next(3)));
        }

        if (random.Next(6) == 0)
        {
            _tree.Write($"{folder}.backupignore", "f03\n*.b\n!/f01/*.b\n");
        }

        if (levels < 4 && random.Next(6) == 0)
        {
            _tree.Write($"{folder}CACHEDIR.TAG", random.Next(4) == 0 ? "no tag" : "Signature: 8a477f597d28d172789f06886806bc55\n");
        }

        for (var i = 0; levels > 0 && i < folders; i++)
        {
            Fill($"{folder}f{i:00}/", levels - 1, random);
        }
    }
}
