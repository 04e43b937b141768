using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

[UnsupportedOSPlatform("windows")]
public sealed partial class SourceFaultTests : IDisposable
{
    private readonly SourceTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void AMissingRootIsRefusedBeforeAnyWork()
    {
        var options = SourceTree.Options() with { Roots = [new FileSystemRoot("r", _tree.At("nowhere"))] };
        var refusal = Assert.Throws<RequestException>(() => FileSystemSource.Open(options, TimeProvider.System));
        Assert.Equal(FaultCodes.SourceRootMissing, refusal.Code);
        Assert.Contains("nowhere", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAnAccountMayNotReadIsListedAndTheWalkGoesOn()
    {
        RequireLinux();
        var secret = _tree.Write("secret", "data");
        _tree.Write("closed/inside");
        _tree.Write("open");
        var hasAttribute = SourceTree.SetAttribute(SourceTree.Z(secret), SourceTree.Z("user.note"), [1], 1, 0) == 0;
        File.SetUnixFileMode(_tree.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(secret, UnixFileMode.None);
        File.SetUnixFileMode(_tree.At("closed"), UnixFileMode.None);
        AsNobody(() =>
        {
            using var source = _tree.Open();
            var items = source.Enumerate(CancellationToken.None).ToList();
            Assert.Equal(["r", "r/closed", "r/open", "r/secret"], items.Where(item => item.Entry is not null).Select(item => item.Entry!.Path.ToString()));
            var closed = Assert.Single(items, item => item.Entry is null).Fault!;
            Assert.Equal(FaultCodes.DirectoryUnreadable, closed.Code);
            Assert.Equal(_tree.At("closed"), closed.Path);
            var failure = Assert.Throws<SourceFaultException>(() => items[^1].Entry!.Open());
            Assert.Equal(FaultCodes.EntryUnreadable, failure.Fault.Code);
            if (hasAttribute)
            {
                Assert.Equal(FaultCodes.AttributeUnreadable, items[^1].Fault!.Code);
                Assert.Contains("user.note", items[^1].Fault!.Message, StringComparison.Ordinal);
            }

            var options = SourceTree.Options() with { Roots = [new FileSystemRoot("c", _tree.At("closed"))] };
            Assert.Equal(FaultCodes.SourceRootUnreadable, Assert.Throws<RequestException>(() => FileSystemSource.Open(options, TimeProvider.System)).Code);
        });
        File.SetUnixFileMode(_tree.At("closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void WhatVanishesIsListedAsVanished()
    {
        _tree.Write("a");
        _tree.Write("b");
        _tree.Write("c");
        using var source = _tree.Open();
        using var items = source.Enumerate(TestContext.Current.CancellationToken).GetEnumerator();
        Next(items);
        var a = Next(items).Entry!;
        File.Delete(_tree.At("a"));
        File.Delete(_tree.At("b"));
        Assert.Equal(FaultCodes.EntryVanished, Assert.Throws<SourceFaultException>(a.Open).Fault.Code);
        var b = Next(items);
        Assert.Null(b.Entry);
        Assert.Equal(FaultCodes.EntryVanished, b.Fault!.Code);
        Assert.Equal(_tree.At("b"), b.Fault.Path);
        Assert.Equal("r/c", Next(items).Entry!.Path.ToString());
    }

    [Fact]
    public void AFileThatGrowsWhileItIsReadIsNotUnchanged()
    {
        var path = _tree.Write("log", new string('x', 100_000));
        using var source = _tree.Open();
        using var content = Last(source).Open();
        Assert.True(content.IsUnchanged());
        Assert.Equal(10, content.Read(new byte[10]));
        File.AppendAllText(path, "more");
        Assert.Equal(99_990, SourceTree.ReadAll(content).Length);
        Assert.False(content.IsUnchanged());
    }

    [Fact]
    public void AFileThatShrinksEndsEarlyAndIsNotUnchanged()
    {
        var path = _tree.Write("f", new string('x', 100_000));
        using var source = _tree.Open();
        using var content = Last(source).Open();
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            RandomAccess.SetLength(file, 5);
        }

        Assert.Equal(5, SourceTree.ReadAll(content).Length);
        Assert.False(content.IsUnchanged());
    }

    [Fact]
    public void AnAccessTimeOrAReadAloneIsNoChange()
    {
        _tree.Write("f", "text");
        using var source = _tree.Open();
        using var content = Last(source).Open();
        SourceTree.ReadAll(content);
        Assert.True(content.IsUnchanged());
    }

    [Fact]
    public void AReplacedFileIsTakenAsItIsNow()
    {
        _tree.Write("f", "old");
        using var source = _tree.Open();
        var entry = Last(source);
        _tree.Write("new", "newer");
        File.Move(_tree.At("new"), _tree.At("f"), overwrite: true);
        using var content = entry.Open();
        Assert.Equal("newer"u8.ToArray(), SourceTree.ReadAll(content));
        Assert.Equal(5, content.Metadata.SizeBytes);
        Assert.NotEqual(entry.Identity.FileId, content.Identity.FileId);
    }

    [Fact]
    public void AReplacedFileToWhichOtherNamesReferIsAFault()
    {
        RequireLinux();
        _tree.Write("f", "old");
        SourceTree.Check(SourceTree.Link(SourceTree.Z(_tree.At("f")), SourceTree.Z(_tree.At("g"))), "link");
        using var source = _tree.Open();
        var first = source.Enumerate(TestContext.Current.CancellationToken).ElementAt(1).Entry!;
        _tree.Write("new", "newer");
        File.Move(_tree.At("new"), _tree.At("f"), overwrite: true);
        Assert.Equal(FaultCodes.EntryChanged, Assert.Throws<SourceFaultException>(first.Open).Fault.Code);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("folder")]
    [InlineData("fifo")]
    public void AFileReplacedBySomethingElseIsNeverOpenedAsAFile(string kind)
    {
        RequireLinux();
        var path = _tree.Write("f", "old");
        using var source = _tree.Open();
        var entry = Last(source);
        File.Delete(path);
        switch (kind)
        {
            case "link":
                File.CreateSymbolicLink(path, "/etc/passwd");
                break;
            case "folder":
                Directory.CreateDirectory(path);
                break;
            default:
                SourceTree.Check(SourceTree.MakeFifo(SourceTree.Z(path), 0x180), "mkfifo");
                break;
        }

        Assert.Equal(FaultCodes.EntryChanged, Assert.Throws<SourceFaultException>(entry.Open).Fault.Code);
    }

    [Fact]
    public void AFolderSwappedForALinkLeadsNowhereElse()
    {
        RequireLinux();
        _tree.Write("a/f", "mine");
        _tree.Write("b/f", "other");
        for (var i = 0; i < 300; i++)
        {
            _tree.Write($"c/{i:d3}/f");
        }

        using var source = _tree.Open();

        // The 300 folders push the first one out of the open ones, so that it must be opened again.
        var entries = source.Enumerate(TestContext.Current.CancellationToken).Select(item => item.Entry!).ToList();
        var inside = entries.Single(entry => string.Equals(entry.Path.ToString(), "r/a/f", StringComparison.Ordinal));
        Directory.Move(_tree.At("a"), _tree.At("moved"));
        Directory.CreateSymbolicLink(_tree.At("a"), "b");
        Assert.Equal(FaultCodes.EntryVanished, Assert.Throws<SourceFaultException>(inside.Open).Fault.Code);
        File.Delete(_tree.At("a"));
        Directory.Move(_tree.At("b"), _tree.At("a"));
        Assert.Equal(FaultCodes.EntryVanished, Assert.Throws<SourceFaultException>(inside.Open).Fault.Code);
    }

    [Fact]
    public void AFileThatClaimsToBeEmptyIsReadToItsEndAndIsNotUnchanged()
    {
        RequireLinux();
        using var source = FileSystemSource.Open(SourceTree.Options() with { Roots = [new FileSystemRoot("version", "/proc/version")] }, TimeProvider.System);
        var entry = Last(source);
        Assert.Null(entry.Identity.ChangedAt);
        Assert.Equal(0ul, entry.Identity.FileId);
        using var content = entry.Open();
        Assert.NotEmpty(SourceTree.ReadAll(content));
        Assert.False(content.IsUnchanged());
    }

    [Fact]
    public void ABadLineInAnIgnoreFileIsListedAndTheOthersApply()
    {
        _tree.Write(".backupignore", "*.tmp\n[open\n");
        _tree.Write("a.tmp");
        var items = _tree.Walk();
        var fault = Assert.Single(items, item => item.Fault is not null).Fault!;
        Assert.Equal(FaultCodes.IgnoreFileInvalid, fault.Code);
        Assert.Contains("Line 2", fault.Message, StringComparison.Ordinal);
        Assert.Equal([".backupignore"], _tree.Names());
    }

    [Fact]
    public void CancellingStopsTheWalk()
    {
        _tree.Write("a");
        using var source = _tree.Open();
        using var cancellation = new CancellationTokenSource();
        using var items = source.Enumerate(cancellation.Token).GetEnumerator();
        Next(items);
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => items.MoveNext());
    }

    private static SourceItem Next(IEnumerator<SourceItem> items)
    {
        Assert.True(items.MoveNext());
        return items.Current;
    }

    private static SourceEntry Last(FileSystemSource source) => source.Enumerate(TestContext.Current.CancellationToken).Last().Entry!;

    private static void RequireLinux()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Linux alone has this.");
        }
    }

    /// <summary>On a thread whose file system user is nobody; the kernel keeps that user for each thread.</summary>
    private static void AsNobody(Action check)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                if (SourceTree.IsRoot)
                {
                    _ = SetFileSystemUser(65534);
                }

                check();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileSystemUser(uint user);
}
