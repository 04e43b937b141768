using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>An owner changes lapse and grace times while backups and collections are at work, and not all have heard of it.</summary>
public sealed class ChangedPolicyTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_session_from_before_is_waited_for_as_long_as_its_writer_believes()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "shop");
        await UnneededAsync(owner, writer);
        var packs = _scene.Packs;
        await BackUpAsync(writer, async () =>
        {
            await ChangeAsync(owner, lapse: Hour, grace: Hour);

            // Two and a half hours after the announcement; the next would be made half an hour later.
            for (var turn = 0; turn < 5; turn++)
            {
                _scene.Time.Advance(TimeSpan.FromMinutes(30));
                await CollectAsync(owner);
            }
        });
        Assert.Subset(_scene.Packs, packs);
        await _scene.RequireIntactAsync(owner);
        await _scene.CollectForAsync(owner, 3);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_marker_that_is_void_does_not_stand_again_when_the_grace_time_becomes_longer()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "shop");
        await UnneededAsync(owner, writer);
        Assert.NotEqual(0, (await CollectAsync(owner)).PacksCondemned);
        _scene.Time.Advance((2 * Day) + Hour);
        await BackUpAsync(writer, async () =>
        {
            await ChangeAsync(owner, lapse: Day, grace: TimeSpan.FromHours(30));
            Assert.Equal(0, (await CollectAsync(owner)).PacksDeleted);
        });
        await _scene.RequireIntactAsync(owner);
        await _scene.CollectForAsync(owner, 5);
        await _scene.RequireIntactAsync(owner);
    }

    [Theory]
    [InlineData(1, 48, true)]
    [InlineData(48, 1, false)]
    public async Task A_writer_that_has_not_heard_of_it_goes_by_the_grace_time_of_each_marker(int before, int after, bool isShunned)
    {
        using var owner = await _scene.CreateAsync();
        await ChangeAsync(owner, Day, before * Hour);
        using var writer = await _scene.OpenWriterAsync(owner, "shop");
        await ChangeAsync(owner, Day, after * Hour);
        await CondemnedMarkers.WriteAsync(owner, [new PackId(Id256.Random())], Token);
        Assert.NotEqual(owner.Register.Head, writer.Register.Head);
        _scene.Time.Advance(3 * Hour);
        Assert.Equal(isShunned ? 1 : 0, (await CondemnedMarkers.LoadAsync(writer, _scene.Time.GetUtcNow(), Token)).Count);
    }

    /// <summary>Somebody's lie: whoever uses packs must believe it, and whoever deletes must not.</summary>
    [Fact]
    public async Task Under_a_marker_that_names_a_head_of_no_register_nothing_is_used_and_nothing_deleted()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "shop");
        await UnneededAsync(owner, writer);
        var packs = _scene.Packs;
        var header = owner.NewHeader(ObjectKind.CondemnedMarker, isSealed: false);
        var marker = new CondemnedMarker(owner.Register.Head with { Hash = default }, [.. packs], owner.Now);
        await owner.Store.PutAsync(ObjectNames.CondemnedMarker(header.Object), SignedObject.Build(header, marker.Encode(), owner.SelfKey), Token);
        _scene.Time.Advance(1.5 * Day);
        Assert.Equal(0, (await CollectAsync(owner)).PacksDeleted);
        Assert.Equal(packs, await CondemnedMarkers.LoadAsync(writer, _scene.Time.GetUtcNow().AddYears(9), Token));
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_writer_that_lies_about_its_head_is_waited_for_as_long_as_the_vault_ever_waited_for_anybody()
    {
        using var owner = await _scene.CreateAsync();
        await ChangeAsync(owner, 2 * Day, Day);
        await ChangeAsync(owner, Hour, Hour);
        using var writer = await _scene.OpenWriterAsync(owner, "shop");
        var session = Id256.Random();
        var record = new SessionRecord(owner.Register.Head with { Number = 1_000 }, session, 0, writer.Now, IsEnd: false);
        await writer.Store.PutAsync(
            ObjectNames.Announcement(session, 0), SignedObject.Build(writer.NewHeader(ObjectKind.Session, isSealed: false), record.Encode(), writer.SelfKey), Token);
        var announced = _scene.Time.GetUtcNow();
        var board = await SessionBoard.LoadAsync(owner, announced, Token);
        Assert.Equal(announced + (2 * Day) + TimeSpan.FromTicks(1), board.ClearFrom(announced, announced));
        Assert.Equal((1, 0), (board.CountAtWork(announced + (2 * Day)), board.CountAtWork(announced + (2 * Day) + Hour)));
    }

    private static async Task ChangeAsync(UnlockedVault owner, TimeSpan lapse, TimeSpan grace) =>
        await PolicyChange.ApplyAsync(owner, new NewPolicy { SessionLapse = lapse, GraceTime = grace }, Token);

    /// <summary>Packs that nothing needs at the moment, and that a backup of the same files leans on.</summary>
    private async Task UnneededAsync(UnlockedVault owner, UnlockedVault writer)
    {
        _scene.Set("a.bin", 300_000, seed: 1);
        var first = (await _scene.BackUpAsync(writer)).Snapshot.Id;
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
    }

    private async Task BackUpAsync(UnlockedVault writer, Func<Task> meanwhile)
    {
        var source = new MemorySource(_scene.Files) { OnWalked = () => meanwhile().GetAwaiter().GetResult() };
        var result = await BackupCorridor.RunAsync(writer, source, OptionsFor("shop"), RunContext.Unwatched, Token);
        _scene.Expected[result.Snapshot.Id] = Picture(_scene.Files);
    }
}
