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
    private readonly int _walker = Environment.CurrentManagedThreadId;
    private Func<Timestamp> _now = static () => new Timestamp(1_800_000_000, 0);

    private bool IsWalker => Environment.CurrentManagedThreadId == _walker;

    private IEnumerable<string> WalkersLooks => _reader.Calls.Where(call => call.Thread == _walker && call.Call.StartsWith("look", StringComparison.Ordinal)).Select(static call => call.Call);

    public void Dispose()
    {
        _reader.Dispose();
        _tree.Dispose();
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

        using var helped = new CountdownEvent(1);
        _reader.Before = call =>
        {
            if (!IsWalker)
            {
                Signal(helped);
            }
            else if (!call.EndsWith(_tree.Path, StringComparison.Ordinal))
            {
                Assert.True(helped.Wait(LongEnough, TestContext.Current.CancellationToken), "Nobody helps.");
            }
        };
        Assert.Equal(alone, Walk(options, Always).Select(SourceTree.Tell));
        Assert.Equal(calls, _reader.Calls.Select(static call => call.Call).Order());
    }

    [Fact]
    public void SeveralFoldersAreListedAtOnceAlsoBelowEachOther()
    {
        for (var i = 0; i < 24; i++)
        {
            _tree.Write($"f{i:00}/deep/deeper/x");
        }

        using var names = new CountdownEvent(8);
        using var folders = new CountdownEvent(3);
        using var deep = new CountdownEvent(1);
        _reader.Before = call =>
        {
            if (!IsWalker && call.StartsWith("look", StringComparison.Ordinal) && string.CompareOrdinal(call[^3..], "f16") >= 0)
            {
                Signal(names);
            }
            else if (!IsWalker && call.StartsWith("list", StringComparison.Ordinal) && call[^3..].StartsWith('f'))
            {
                Require(folders);
            }
            else if (!IsWalker && call.EndsWith("list " + _tree.At("f20/deep"), StringComparison.Ordinal))
            {
                Signal(deep);
            }
            else if (IsWalker && call.EndsWith(_tree.At("f00"), StringComparison.Ordinal))
            {
                Assert.True(names.Wait(LongEnough, TestContext.Current.CancellationToken), "Nobody looks at the next names.");
            }
        };
        Assert.Equal(1 + (24 * 4), Walk(SourceTree.Options(), Always).Count);
        Assert.True(folders.IsSet);
        Assert.True(deep.IsSet);
    }

    [Fact]
    public void WhatWasSeenLongAgoIsLookedAtAgain()
    {
        for (var i = 0; i < 40; i++)
        {
            _tree.Write($"f{i % 4}/f{i:00}");
        }

        var seconds = 1_800_000_000L;
        _now = () => new Timestamp(Interlocked.Add(ref seconds, 3), 0);
        var items = Walk(SourceTree.Options(), Always);
        Assert.Equal(45, items.Count);
        Assert.Equal(45, WalkersLooks.Distinct().Count());
    }

    [Fact]
    public void AClockThatIsSetBackMakesNothingFresh()
    {
        for (var i = 0; i < 40; i++)
        {
            _tree.Write($"f{i:00}");
        }

        var seconds = 1_800_000_000L;
        _now = () => new Timestamp(Interlocked.Decrement(ref seconds), 0);
        Assert.Equal(41, Walk(SourceTree.Options(), Always).Count);
        Assert.Equal(41, WalkersLooks.Distinct().Count());
    }

    [Fact]
    public void WhatAHelperCannotReadTheWalkTriesItself()
    {
        for (var i = 0; i < 64; i++)
        {
            _tree.Write($"f{i:00}/x");
        }

        _reader.Before = call =>
        {
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
        for (var i = 0; i < 200; i++)
        {
            _tree.Write($"f{i:000}");
        }

        using var failed = new CountdownEvent(1);
        _reader.Before = call =>
        {
            if (!IsWalker)
            {
                Signal(failed);
                throw new InvalidOperationException("A fault of the program.");
            }

            Assert.True(call.EndsWith(_tree.Path, StringComparison.Ordinal) || failed.Wait(LongEnough, TestContext.Current.CancellationToken), "Nobody helps.");
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

        Enumerable.Range(0, 600).ToList().ForEach(name => File.WriteAllBytes(_tree.At($"f19/{name:000}"), []));
        Assert.Equal(1 + 20 + 600, Walk(SourceTree.Options(), Always).Count);
        Assert.Contains(("list " + _tree.At("f19"), _walker), _reader.Calls);
    }

    [Fact]
    public void AWalkThatIsLeftEarlyLeavesNobodyBehind()
    {
        for (var i = 0; i < 100; i++)
        {
            _tree.Write($"f{i:00}/x");
        }

        var isOver = false;
        var late = 0;
        _reader.Before = _ => Interlocked.Add(ref late, Volatile.Read(ref isOver) ? 1 : 0);
        using (var ahead = new LookAhead(_reader, _now, Always))
        {
            Assert.Equal(30, Items(SourceTree.Options(), ahead).Take(30).Count());
        }

        Volatile.Write(ref isOver, true);
        Assert.Contains(_reader.Calls, call => call.Thread != _walker);
        Assert.DoesNotContain(_reader.Calls, call => call.Call.EndsWith("f99/x", StringComparison.Ordinal));
        Assert.Equal(0, late);
    }

    private static void Signal(CountdownEvent some)
    {
        lock (some)
        {
            _ = some.IsSet || some.Signal();
        }
    }

    private static void Require(CountdownEvent several)
    {
        Signal(several);
        Assert.True(several.Wait(LongEnough, TestContext.Current.CancellationToken), "Folders are listed one after the other.");
    }

    private List<SourceItem> Walk(FileSystemSourceOptions options, TimeSpan slow)
    {
        using var ahead = new LookAhead(_reader, _now, slow);
        return [.. Items(options, ahead)];
    }

    private IEnumerable<SourceItem> Items(FileSystemSourceOptions options, LookAhead ahead)
    {
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
