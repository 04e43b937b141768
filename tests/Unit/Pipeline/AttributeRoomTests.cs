using System.Runtime.Versioning;
using SecureBackup.Tests.Unit.Properties;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A file system may have room for a file's attributes in one order only (ext4: some beside the file's record, the rest in one block).</summary>
[SupportedOSPlatform("linux")]
public sealed class AttributeRoomTests
{
    private const int MaxLargeBytes = 8_000;

    /// <summary>The longer of the small ones is set first, and comes last by its name.</summary>
    private static readonly byte[] Long = [.. Enumerable.Repeat((byte)7, 60)];

    private static readonly byte[] Short = [.. Enumerable.Repeat((byte)8, 50)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Attributes_that_fit_in_one_order_only_are_restored(bool inPlace)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Extended attributes are set by Linux calls here.");
        using var scene = await PipelineScene.CreateAsync();
        var large = LargestThatFits(scene);
        Assert.SkipUnless(large is { Length: > 0 } && !FitsInOrderOfNames(scene, large), "This file system has room for them in any order, or keeps none.");
        var path = NewFile(scene, "noted");
        Assert.True(TrySet(path, ("user.z", Long), ("user.b", large!), ("user.a", Short)));
        var expected = TreeWitness.Look(scene.SourcePath);
        var backup = await MirrorTests.BackUpAsync(scene);
        Assert.Empty(backup.Faults);

        if (inPlace)
        {
            Assert.True(TrySet(NewFile(scene, "noted"), ("user.stranger", large!)));
            Assert.Empty((await MirrorTests.MirrorAsync(scene, backup)).Result.Faults);
            Assert.Equal(expected, TreeWitness.Look(scene.SourcePath));
        }
        else
        {
            Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
            Assert.Equal(expected, TreeWitness.Look(Path.Combine(scene.RestorePath, "source")));
        }
    }

    private static byte[]? LargestThatFits(PipelineScene scene)
    {
        for (var length = MaxLargeBytes; length > 0; length -= 4)
        {
            var large = new byte[length];
            if (TrySet(NewFile(scene, "tried"), ("user.z", Long), ("user.b", large), ("user.a", Short)))
            {
                return large;
            }
        }

        return null;
    }

    private static bool FitsInOrderOfNames(PipelineScene scene, byte[] large)
    {
        var fits = TrySet(NewFile(scene, "tried"), ("user.a", Short), ("user.b", large), ("user.z", Long));
        File.Delete(Path.Combine(scene.SourcePath, "tried"));
        return fits;
    }

    private static byte[] NewFile(PipelineScene scene, string name)
    {
        Directory.CreateDirectory(scene.SourcePath);
        File.Delete(Path.Combine(scene.SourcePath, name));
        scene.Write(name, "hello"u8);
        return RawTree.Bytes(Path.Combine(scene.SourcePath, name));
    }

    private static bool TrySet(byte[] path, params (string Name, byte[] Value)[] attributes) =>
        attributes.All(attribute => RawTree.TrySetAttribute(path, attribute.Name, attribute.Value));
}
