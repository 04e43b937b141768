using System.Runtime.Versioning;
using CsCheck;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Properties;

/// <summary>Any tree comes back as it was, and so does what became of it.</summary>
[SupportedOSPlatform("linux")]
public sealed class TreeRoundTripTests
{
    private const int Trees = 40;
    private const int TreesOfLongRun = 600;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is "1";

    [Fact]
    public async Task Any_tree_and_any_change_of_it_come_back_attribute_for_attribute()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The tree is made and looked at by Linux system calls.");
        await Gen.Select(Gen.Int[0, int.MaxValue - 1], Gen.Int[1, 40], Gen.Int[0, 12]).SampleAsync(
            static (seed, size, changes) => RoundTripAsync(seed, size, changes), iter: IsLong ? TreesOfLongRun : Trees, threads: 1);
    }

    /// <summary>A tree of these in which a file's attributes have room on ext4 in one order only.</summary>
    [Fact]
    public Task Attributes_that_fit_in_one_order_come_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The tree is made and looked at by Linux system calls.");
        return RoundTripAsync(460096041, 24, 8);
    }

    private static async Task RoundTripAsync(int seed, int size, int changes)
    {
        using var scene = await PipelineScene.CreateAsync();
        var tree = new RandomTree(scene.SourcePath, seed);
        tree.Grow(size);
        tree.Settle();
        var before = TreeWitness.Look(scene.SourcePath);
        var first = await scene.BackUpAsync();
        tree.Change(changes);
        tree.Settle();
        var after = TreeWitness.Look(scene.SourcePath);
        var second = await scene.BackUpAsync();

        await RequireSameAsync(scene, second, after, "second");
        await RequireSameAsync(scene, first, before, "first");
    }

    [Fact]
    public async Task Any_change_of_any_tree_is_undone_in_place()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The tree is made and looked at by Linux system calls.");
        await Gen.Select(Gen.Int[0, int.MaxValue - 1], Gen.Int[1, 40], Gen.Int[0, 12]).SampleAsync(
            static (seed, size, changes) => UndoAsync(seed, size, changes), iter: IsLong ? TreesOfLongRun : Trees, threads: 1);
    }

    private static async Task UndoAsync(int seed, int size, int changes)
    {
        using var scene = await PipelineScene.CreateAsync();
        var tree = new RandomTree(scene.SourcePath, seed);
        tree.Grow(size);
        tree.Settle();
        var before = TreeWitness.Look(scene.SourcePath);
        var backup = await MirrorTests.BackUpAsync(scene);
        Assert.Empty(backup.Faults);
        tree.Change(changes);
        tree.Settle();

        var (result, _) = await MirrorTests.MirrorAsync(scene, backup);

        Assert.DoesNotContain(result.Faults, fault => fault.Code != FaultCodes.LinkPointsOutside);
        Assert.Equal(before, TreeWitness.Look(scene.SourcePath));
        var (again, entries) = await MirrorTests.MirrorAsync(scene, backup);
        Assert.Equal((0L, 0L), (again.FetchedBytes, again.Deleted));
        Assert.DoesNotContain(entries, entry => entry.Verdict is not (RestoreVerdict.Unchanged or RestoreVerdict.MetadataOnly));
    }

    private static async Task RequireSameAsync(PipelineScene scene, BackupResult backup, List<string> expected, string which)
    {
        Assert.Empty(backup.Faults);
        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        var destination = scene.Folder[which];
        var restored = await scene.RestoreAsync(backup.Snapshot.Id, destination);
        Assert.DoesNotContain(restored.Faults, fault => fault.Code != FaultCodes.LinkPointsOutside);
        Assert.Equal(expected, TreeWitness.Look(Path.Combine(destination, "source")));
    }
}
