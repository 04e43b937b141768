using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>
/// One changed bit anywhere in a vault: nothing wrong is ever restored, what is lost is named with a code, and nothing but the engine's own errors is thrown.
/// Large sealed regions are sampled; with SECUREBACKUP_TEST_LONG set every byte is taken, and the highest bit too.
/// </summary>
public sealed class ByteFlipTests
{
    /// <summary>A prime, so that the samples of a region fall on all places of its records.</summary>
    private const int SampleStep = 211;

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is { Length: > 0 };

    private static readonly byte[] Masks = IsLong ? [0x01, 0x80] : [0x01];

    [Fact]
    public async Task In_the_register() => await RefusedEverywhereAsync("register/", static (_, _) => true, FaultCodes.RegisterDamaged, FaultCodes.UnsupportedFormat);

    [Fact]
    public async Task In_the_owners_bundle() =>
        await RefusedEverywhereAsync("bundles/", static (_, _) => true, FaultCodes.NoSuchUnlocker, FaultCodes.FrameTampered, FaultCodes.NotAnObject, FaultCodes.ObjectMisplaced, FaultCodes.UnsupportedFormat);

    [Fact]
    public async Task In_the_unlockers()
    {
        using var scene = await SceneAsync();
        foreach (var name in scene.Names("keys/").ToList())
        {
            await ForEachFlipAsync(scene, name, static (_, _) => true, async flip =>
            {
                // The other one is of no use to this credential; a label or a time is what nobody relies on.
                var sink = new RecordingSink();
                using var byFile = await TryAsync(() => scene.OwnerAsync(scene.Forgetful(sink)), flip, sink, FaultCodes.NoSuchUnlocker, FaultCodes.FrameTampered, FaultCodes.Malformed,
                    FaultCodes.NotAnObject, FaultCodes.ObjectMisplaced, FaultCodes.UnsupportedFormat, FaultCodes.UnlockerExchanged);
            });
        }
    }

    [Fact]
    public async Task In_a_passphrases_unlocker()
    {
        using var scene = await SceneAsync();
        var unlockers = scene.Names("keys/").ToList();
        foreach (var name in unlockers)
        {
            // Each costs a stretching; the sealed parts and the numbers of the stretching are as well covered by every fourth byte.
            await ForEachFlipAsync(scene, name, static (at, _) => IsLong || at % 4 == 1, async flip =>
            {
                var sink = new RecordingSink();
                using var opened = await TryAsync(() => scene.OwnerByPassphraseAsync(scene.Forgetful(sink)), flip, sink, FaultCodes.WrongPassphrase, FaultCodes.NoSuchUnlocker, FaultCodes.FrameTampered,
                    FaultCodes.Malformed, FaultCodes.NotAnObject, FaultCodes.ObjectMisplaced, FaultCodes.UnsupportedFormat, FaultCodes.UnlockerExchanged);
            });
        }
    }

    [Fact]
    public async Task In_a_manifest()
    {
        using var scene = await SceneAsync();
        using var owner = await scene.OwnerAsync(scene.Forgetful());
        foreach (var name in scene.Names("snapshots/").ToList())
        {
            await ForEachFlipAsync(scene, name, static (_, _) => true, async flip =>
            {
                var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
                Assert.Single(catalog.Snapshots);
                Assert.Contains(catalog.Problems, problem => problem.Message.Contains(name.Value, StringComparison.Ordinal));
            });
        }
    }

    [Fact]
    public async Task In_a_verification_record_it_costs_the_record_alone()
    {
        using var scene = await SceneAsync();
        using var owner = await scene.OwnerAsync(scene.Forgetful());
        var name = Assert.Single(scene.Names("verifications/"));
        await ForEachFlipAsync(scene, name, static (_, _) => true, async flip =>
        {
            var catalog = await SnapshotCatalog.LoadAsync(owner, AttackScene.Token);
            Assert.Equal(2, catalog.Snapshots.Count);
            Assert.DoesNotContain(catalog.Snapshots, static snapshot => snapshot.IsVerified);
            Assert.Contains(name.Value, Assert.Single(catalog.Problems).Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task In_a_reference_page_it_is_named_by_a_check_and_hinders_no_restore()
    {
        using var scene = await SceneAsync();
        using var owner = await scene.OwnerAsync(scene.Forgetful());
        var newest = (await SnapshotCatalog.LoadAsync(owner, AttackScene.Token)).Snapshots[0];
        foreach (var page in newest.ReferencePages)
        {
            await ForEachFlipAsync(scene, ObjectNames.ReferencePage(page), static (_, _) => true, async flip =>
            {
                var refused = await Assert.ThrowsAnyAsync<BackupException>(() => ReferenceSet.ReadAllAsync(owner, newest, AttackScene.Token));
                Assert.Contains(page.ToString(), refused.Message, StringComparison.Ordinal);
                if (flip.At % SampleStep == 0)
                {
                    await RequireContainedAsync(scene, owner, newest, flip, costsNothing: true);
                }
            });
        }
    }

    [Fact]
    public async Task In_an_index_segment()
    {
        using var scene = await SceneAsync();
        using var owner = await scene.OwnerAsync(scene.Forgetful());
        var newest = (await SnapshotCatalog.LoadAsync(owner, AttackScene.Token)).Snapshots[0];
        foreach (var name in scene.Names("index/").ToList())
        {
            await ForEachFlipAsync(scene, name, IsOutsideOfPages, async flip => await RequireContainedAsync(scene, owner, newest, flip, costsNothing: false));
        }
    }

    [Fact]
    public async Task In_a_pack()
    {
        using var scene = await SceneAsync();
        using var owner = await scene.OwnerAsync(scene.Forgetful());
        var newest = (await SnapshotCatalog.LoadAsync(owner, AttackScene.Token)).Snapshots[0];
        var harmless = 0;
        foreach (var name in (await ReferenceSet.ReadAllAsync(owner, newest, AttackScene.Token)).Select(ObjectNames.Pack))
        {
            await ForEachFlipAsync(scene, name, static (at, length) => IsLong || at < 80 || at >= length - PackTableReader.TailBytes || at % 13 == 0, async flip =>
            {
                harmless += await RequireContainedAsync(scene, owner, newest, flip, costsNothing: false) ? 1 : 0;
                var check = await scene.VerifyAsync(owner, newest);
                Assert.Contains(check.Faults, fault => fault.Path.Contains(name.Value, StringComparison.Ordinal));
                foreach (var record in scene.Names("verifications/").Skip(1).ToList())
                {
                    scene.Target.Remove(record);
                }
            });
        }

        // Padding, and the table and tail, which only an index that is rebuilt needs.
        Assert.NotEqual(0, harmless);
    }

    [Fact]
    public async Task In_a_session_it_stops_nobody()
    {
        using var scene = await SceneAsync();
        using var owner = await scene.OwnerAsync(scene.Forgetful());
        foreach (var name in scene.Names("sessions/").ToList())
        {
            await ForEachFlipAsync(scene, name, static (at, _) => at % 37 == 0, async flip =>
            {
                var before = scene.Target.Objects.Keys.ToHashSet();
                var backup = await scene.BackUpAsync(owner);
                Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
                foreach (var added in scene.Target.Objects.Keys.Where(added => !before.Contains(added)).ToList())
                {
                    scene.Target.Remove(added);
                }
            });
        }
    }

    /// <summary>Two snapshots, the newer verified; every file in packs of 64 KiB at most.</summary>
    private static async Task<AttackScene> SceneAsync()
    {
        var scene = await AttackScene.CreateAsync(packSizeBytes: 64 * 1024);
        using var owner = await scene.OwnerAsync();
        scene.Write("a.txt", "hello"u8);
        scene.Write("deep/b.txt", "the same in both"u8);
        await scene.BackUpAsync(owner);
        scene.Write("a.txt", "hello, and more of it"u8);
        scene.Write("c.bin", [.. Enumerable.Range(0, 600).Select(static i => (byte)(i * 7))]);
        var newest = await scene.BackUpAsync(owner);
        await scene.VerifyAsync(owner, newest.Snapshot);
        return scene;
    }

    private static bool IsOutsideOfPages(int at, int length)
    {
        const int Prologue = 112;
        const int StoredPage = 16_400;
        return at < Prologue || at >= Prologue + ((length - Prologue) / StoredPage * StoredPage);
    }

    private static async Task RefusedEverywhereAsync(string folder, Func<int, int, bool> isTaken, params FaultCode[] codes)
    {
        using var scene = await SceneAsync();
        foreach (var name in scene.Names(folder).ToList())
        {
            await ForEachFlipAsync(scene, name, isTaken, async flip =>
            {
                var sink = new RecordingSink();
                using var opened = await TryAsync(() => scene.OwnerAsync(scene.Forgetful(sink)), flip, sink, codes);
                Assert.True(opened is null, $"{flip} goes unseen.");
            });
        }
    }

    /// <summary>What <paramref name="open"/> gives, or null where it is refused with one of the codes and the object is named.</summary>
    private static async Task<UnlockedVault?> TryAsync(Func<Task<UnlockedVault>> open, Flip flip, RecordingSink sink, params FaultCode[] codes)
    {
        try
        {
            return await open();
        }
        catch (BackupException refused)
        {
            Assert.True(codes.Contains(refused.Code), $"{flip} gives {refused.Code.Name}: {refused.Message}");
            var told = sink.Events.Select(static item => item.Message).Append(refused.Message);
            var isNamed = told.Any(message => message.Contains(flip.Name.Value[(flip.Name.Value.LastIndexOf('/') + 1)..], StringComparison.Ordinal));

            // A wrong secret and a changed salt or kind look the same: nothing can tell one from the other.
            Assert.True(isNamed || refused.Code == FaultCodes.WrongPassphrase || refused.Code == FaultCodes.NoSuchUnlocker, $"{flip} gives: {refused.Message}");
            return null;
        }
    }

    /// <returns>Whether everything came back.</returns>
    private static async Task<bool> RequireContainedAsync(AttackScene scene, UnlockedVault owner, Snapshot snapshot, Flip flip, bool costsNothing)
    {
        var (result, path) = await scene.RestoreAsync(owner, snapshot);
        var missing = scene.RequireNothingWrong(path);
        Assert.True(missing == 0 || result.Faults.Count > 0, $"{flip} loses {missing} files without a word.");
        Assert.True(missing == 0 || !costsNothing, $"{flip} costs {missing} files.");
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        return missing == 0;
    }

    /// <summary>Changes byte after byte of one object, and puts each back.</summary>
    private static async Task ForEachFlipAsync(AttackScene scene, ObjectName name, Func<int, int, bool> isTaken, Func<Flip, Task> attack)
    {
        var original = scene.Target.Objects[name].ToArray();
        foreach (var mask in Masks)
        {
            for (var at = 0; at < original.Length; at++)
            {
                if (!isTaken(at, original.Length) && !IsLong && at % SampleStep != 0)
                {
                    continue;
                }

                var changed = original.AsSpan().ToArray();
                changed[at] ^= mask;
                scene.Target.Replace(name, changed);
                await attack(new Flip(name, at, mask));
            }
        }

        scene.Target.Replace(name, original);
    }

    private sealed record Flip(ObjectName Name, int At, byte Mask);
}
