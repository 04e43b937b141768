using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>
/// The storage cuts, stretches, deletes, exchanges and copies whole objects. Whoever then lists and restores gets right data, or is told what is lost, in the
/// engine's own errors.
/// </summary>
public sealed class StorageTests
{
    [Fact]
    public async Task An_object_that_is_cut_or_stretched()
    {
        using var scene = await SceneAsync();
        foreach (var (name, bytes) in scene.Target.Objects)
        {
            foreach (var length in new[] { 0, 1, ObjectHeader.SizeBytes - 1, ObjectHeader.SizeBytes, bytes.Length / 2, bytes.Length - 1 })
            {
                scene.Target.Replace(name, bytes.Span[..length]);
                await RequireHonestAsync(scene, $"'{name}' cut to {length} bytes", isSeenAlways: IsNeededByNewest(name));
            }

            scene.Target.Replace(name, [.. bytes.Span, 0]);
            await RequireHonestAsync(scene, $"'{name}' with one byte more", isSeenAlways: false);
            scene.Target.Replace(name, [.. bytes.Span, .. bytes.Span]);
            await RequireHonestAsync(scene, $"'{name}' twice over", isSeenAlways: false);
            scene.Target.Replace(name, bytes.Span);
        }
    }

    [Fact]
    public async Task An_object_that_is_gone()
    {
        using var scene = await SceneAsync();
        foreach (var (name, bytes) in scene.Target.Objects)
        {
            scene.Target.Remove(name);

            // On the host that saw both snapshots: that the newest one is gone leaves no hole for others to find.
            await RequireHonestAsync(scene, $"'{name}' gone", IsNeededByNewest(name), sink => scene.Host("owner") with { Sink = sink });
            scene.Target.Replace(name, bytes.Span);
        }
    }

    [Fact]
    public async Task Two_objects_that_change_places()
    {
        using var scene = await SceneAsync();
        var objects = scene.Target.Objects.ToList();
        var random = new Random(7);

        // All pairs of one kind, and of each kind one with one of every other.
        var pairs = objects.SelectMany(left => objects.Select(right => (Left: left, Right: right)))
            .Where(static pair => pair.Left.Key.CompareTo(pair.Right.Key) < 0)
            .GroupBy(static pair => (KindOf(pair.Left.Key), KindOf(pair.Right.Key)))
            .SelectMany(group => string.Equals(group.Key.Item1, group.Key.Item2, StringComparison.Ordinal) ? [.. group] : new[] { group.ElementAt(random.Next(group.Count())) });
        foreach (var (left, right) in pairs)
        {
            scene.Target.Replace(left.Key, right.Value.Span);
            scene.Target.Replace(right.Key, left.Value.Span);
            await RequireHonestAsync(scene, $"'{left.Key}' and '{right.Key}' exchanged", IsNeededByNewest(left.Key) || IsNeededByNewest(right.Key));
            scene.Target.Replace(left.Key, left.Value.Span);
            scene.Target.Replace(right.Key, right.Value.Span);
        }
    }

    [Fact]
    public async Task Copies_under_other_names_change_nothing()
    {
        using var scene = await SceneAsync();
        var before = scene.Target.Objects;
        foreach (var (name, bytes) in before.Where(static pair => KindOf(pair.Key) is not "register"))
        {
            var id = Id256.Random().ToString();
            scene.Target.Replace(new ObjectName(name.Value.Count(static letter => letter == '/') == 2 ? $"{KindOf(name)}/{id[..2]}/{id}" : $"{KindOf(name)}/{id}"), bytes.Span);
        }

        using var owner = await scene.OwnerAsync(scene.Forgetful());
        var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
        Assert.Equal(2, catalog.Snapshots.Count);
        Assert.Equal([FaultCodes.ObjectMisplaced], catalog.Problems.Select(static problem => problem.Code).Distinct());
        var (result, path) = await scene.RestoreAsync(owner, catalog.Snapshots[0]);
        Assert.Empty(result.Faults);
        Assert.Equal(0, scene.RequireNothingWrong(path));
    }

    [Fact]
    public async Task Objects_of_another_vault_with_the_same_passphrase_are_not_taken()
    {
        using var scene = await SceneAsync();
        using var other = await SceneAsync();
        foreach (var (name, bytes) in other.Target.Objects)
        {
            if (KindOf(name) is not "register")
            {
                scene.Target.Replace(name, bytes.Span);
            }
        }

        using (var owner = await scene.OwnerByPassphraseAsync(scene.Forgetful()))
        {
            var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
            Assert.Equal(2, catalog.Snapshots.Count);
            Assert.Equal([FaultCodes.ObjectMisplaced], catalog.Problems.Select(static problem => problem.Code).Distinct());
        }

        // The other vault's register under this one's roof: the same passphrase opens it, and whoever knows this vault is told.
        foreach (var (name, bytes) in other.Target.Objects)
        {
            scene.Target.Replace(name, bytes.Span);
        }

        using var unpinned = await scene.OwnerByPassphraseAsync(scene.Forgetful());
        Assert.NotEqual(CredentialFile.Read(scene.KeyPath, scene.Sink) is PinnedCredential { Pin: var pin } ? pin.Vault : default, unpinned.Id);
        Assert.Equal(FaultCodes.KeyOfAnotherVault, (await Assert.ThrowsAsync<KeyException>(() => scene.OwnerAsync(scene.Forgetful()))).Code);
    }

    private static async Task<AttackScene> SceneAsync()
    {
        var scene = await AttackScene.CreateAsync(packSizeBytes: 64 * 1024);
        using var owner = await scene.OwnerAsync();
        scene.Write("a.txt", "hello"u8);
        scene.Write("deep/b.txt", "the same in both"u8);
        await scene.BackUpAsync(owner);
        scene.Write("a.txt", "hello, and more of it"u8);
        await scene.BackUpAsync(owner);
        return scene;
    }

    private static string KindOf(ObjectName name) => name.Value[..name.Value.IndexOf('/', StringComparison.Ordinal)];

    /// <summary>Objects without which something must be said. Sessions, the passphrase's unlocker and what an older snapshot needs are not missed by a restore of the newest.</summary>
    private static bool IsNeededByNewest(ObjectName name) => KindOf(name) is "register" or "bundles" or "snapshots";

    /// <summary>Opens, lists, restores and checks the newest snapshot with the key file; as a host that remembers nothing, where none is given.</summary>
    private static async Task RequireHonestAsync(AttackScene scene, string what, bool isSeenAlways, Func<RecordingSink, UnlockContext>? host = null)
    {
        var (before, sink) = (scene.Target.Objects, new RecordingSink());
        var isSeen = false;
        try
        {
            using var owner = await scene.OwnerAsync(host?.Invoke(sink) ?? scene.Forgetful(sink));
            var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
            isSeen = catalog.Problems.Count > 0;
            if (catalog.Snapshots.Count == 2)
            {
                var (result, path) = await scene.RestoreAsync(owner, catalog.Snapshots[0]);
                var missing = scene.RequireNothingWrong(path);
                Assert.True(missing == 0 || result.Faults.Count > 0, $"{what}: {missing} files are lost without a word.");
                var check = await scene.VerifyAsync(owner, catalog.Snapshots[0]);
                Assert.True(missing == 0 || check.Faults.Count > 0, $"{what}: {missing} files are lost and a check finds nothing.");
                isSeen |= check.Faults.Count > 0;
                Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
            }
            else
            {
                Assert.True(isSeen, $"{what}: a snapshot is not listed, and nothing says so.");
            }
        }
        catch (BackupException refused)
        {
            Assert.True(refused.Code.Number is >= 2000 and < 6000, $"{what}: {refused.Code} {refused.Message}");
            isSeen = true;
        }

        Assert.True(isSeen || !isSeenAlways, $"{what}: goes unseen.");
        foreach (var added in scene.Target.Objects.Keys.Where(name => !before.ContainsKey(name)))
        {
            scene.Target.Remove(added);
        }
    }
}
