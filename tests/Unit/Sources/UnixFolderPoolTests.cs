using System.Runtime.Versioning;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

[UnsupportedOSPlatform("windows")]
public sealed class UnixFolderPoolTests : IDisposable
{
    private const int Capacity = 4;
    private const int Threads = 8;

    private readonly SourceTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task ManyAtOnceEachGetTheFolderTheyAskFor()
    {
        var files = UnixFiles.Create();
        var nodes = Nodes(files);
        using var pool = new UnixFolderPool(files, Capacity);
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(seed => Task.Run(
            () =>
            {
                var random = new Random(seed);
                for (var i = 0; i < 2_000; i++)
                {
                    var node = nodes[random.Next(nodes.Count)];
                    using var lease = pool.Borrow(node);
                    Assert.True(files.Stat(lease.Handle, out var stat));
                    Assert.Equal((node.DeviceId, node.FileId), (stat.Device, stat.Inode));
                }
            },
            TestContext.Current.CancellationToken)));
    }

    [Fact]
    public void WhatIsBorrowedStaysOpenWhenThePoolEnds()
    {
        var files = UnixFiles.Create();
        var nodes = Nodes(files);
        var pool = new UnixFolderPool(files, Capacity);
        using var lease = pool.Borrow(nodes[^1]);
        pool.Dispose();
        Assert.True(files.Stat(lease.Handle, out _));
        Assert.Throws<ObjectDisposedException>(() => pool.Borrow(nodes[0]));
    }

    /// <summary>Thirty folders, each in the one before or in the root; the last ones can be reached through more folders than the pool holds.</summary>
    private List<FolderNode> Nodes(UnixFiles files)
    {
        using var place = files.OpenPlace(System.Text.Encoding.UTF8.GetBytes(_tree.Path))!;
        Assert.True(files.Stat(place, out var root));
        List<(FolderNode Node, string Path)> nodes = [(new FolderNode(null, System.Text.Encoding.UTF8.GetBytes(_tree.Path), root.Device, root.Inode), "")];
        for (var i = 1; i <= 30; i++)
        {
            var (parent, path) = nodes[i % 10 == 0 ? 0 : i - 1];
            var folder = $"{path}/f{i}";
            _tree.Folder(folder[1..]);
            using var handle = files.OpenPlace(System.Text.Encoding.UTF8.GetBytes(_tree.At(folder[1..])))!;
            Assert.True(files.Stat(handle, out var stat));
            nodes.Add((new FolderNode(parent, System.Text.Encoding.UTF8.GetBytes($"f{i}"), stat.Device, stat.Inode), folder));
        }

        return [.. nodes.Select(static node => node.Node)];
    }
}
