using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class WriterSessionTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_session_is_announced_renewed_and_ended()
    {
        using var owner = await _bench.CreateAsync();
        await using var session = await WriterSession.BeginAsync(owner, CancellationToken.None);
        Assert.Equal(0, Read(owner, ObjectNames.Announcement(session.Id, 0)).Number);
        _bench.Time.Advance(TimeSpan.FromHours(3));
        await EventuallyAsync(() => _bench.Target.Objects.ContainsKey(ObjectNames.Announcement(session.Id, 1)));
        Assert.True(await session.ConfirmAliveAsync(CancellationToken.None));
        await session.EndAsync(CancellationToken.None);
        var end = Read(owner, ObjectNames.SessionEnd(session.Id));
        Assert.Equal((true, 3, session.Id), (end.IsEnd, end.Number, end.Session));
        _bench.Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(4, _bench.Target.Objects.Keys.Count(static name => name.Value.StartsWith("sessions/", StringComparison.Ordinal)));
        Assert.DoesNotContain(FaultCodes.ClockSkewed, _bench.Sink.Codes);
    }

    [Fact]
    public async Task A_session_that_slept_too_long_by_the_stores_clock_knows_it()
    {
        var store = new FakeTimeProvider(_bench.Time.GetUtcNow());
        _bench.Target = new MemoryTarget(store);
        using var owner = await _bench.CreateAsync();
        await using var session = await WriterSession.BeginAsync(owner, CancellationToken.None);
        store.Advance(TimeSpan.FromHours(25));
        Assert.False(await session.ConfirmAliveAsync(CancellationToken.None));
        Assert.False(await session.ConfirmAliveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_renewal_after_waking_does_not_hide_the_sleep()
    {
        var store = new FakeTimeProvider(_bench.Time.GetUtcNow());
        _bench.Target = new MemoryTarget(store);
        using var owner = await _bench.CreateAsync();
        await using var session = await WriterSession.BeginAsync(owner, CancellationToken.None);
        store.Advance(TimeSpan.FromHours(25));
        _bench.Time.Advance(TimeSpan.FromHours(3));
        await EventuallyAsync(() => _bench.Target.Objects.ContainsKey(ObjectNames.Announcement(session.Id, 1)));
        Assert.False(await session.ConfirmAliveAsync(CancellationToken.None));
    }

    /// <summary>Whoever collects goes by the head that the announcement names, and may not have heard of the longer time when it looked.</summary>
    [Fact]
    public async Task A_lapse_time_that_becomes_longer_does_not_bring_a_lapsed_session_back()
    {
        var store = new FakeTimeProvider(_bench.Time.GetUtcNow());
        _bench.Target = new MemoryTarget(store);
        using var owner = await _bench.CreateAsync();
        await PolicyChange.ApplyAsync(owner, new NewPolicy { SessionLapse = TimeSpan.FromHours(1) }, CancellationToken.None);
        await using var session = await WriterSession.BeginAsync(owner, CancellationToken.None);
        await PolicyChange.ApplyAsync(owner, new NewPolicy { SessionLapse = TimeSpan.FromDays(2) }, CancellationToken.None);
        store.Advance(TimeSpan.FromHours(2));
        Assert.False(await session.ConfirmAliveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task An_announcement_that_was_kept_but_reported_as_failed_does_not_stand_in_the_way_of_the_next()
    {
        using var owner = await _bench.CreateAsync();
        await using var session = await WriterSession.BeginAsync(owner, CancellationToken.None);
        _bench.Target.Replace(ObjectNames.Announcement(session.Id, 1), [1]);
        await Assert.ThrowsAsync<TargetException>(() => session.ConfirmAliveAsync(CancellationToken.None));
        Assert.True(await session.ConfirmAliveAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Clocks_far_apart_are_reported()
    {
        _bench.Target = new MemoryTarget(new FakeTimeProvider(_bench.Time.GetUtcNow() - TimeSpan.FromMinutes(11)));
        using var owner = await _bench.CreateAsync();
        await using var session = await WriterSession.BeginAsync(owner, CancellationToken.None);
        Assert.True(session.IsClockSkewed);
        Assert.Equal(TimeSpan.FromMinutes(11), session.ClockSkew);
        Assert.Contains(FaultCodes.ClockSkewed, _bench.Sink.Codes);
    }

    [Fact]
    public async Task Markers_count_while_they_are_fresh_and_signed_by_who_may()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop");
        var pack = new PackId(Id256.Random());
        await CondemnedMarkers.WriteAsync(owner, [pack], CancellationToken.None);
        await CondemnedMarkers.WriteAsync(writer, [new PackId(Id256.Random())], CancellationToken.None);
        Assert.Equal(pack, Assert.Single(await CondemnedMarkers.LoadAsync(writer, _bench.Time.GetUtcNow(), CancellationToken.None)));
        Assert.Contains(FaultCodes.SignerNotEntitled, _bench.Sink.Codes);
        _bench.Time.Advance(TimeSpan.FromDays(2.1));
        Assert.Empty(await CondemnedMarkers.LoadAsync(writer, _bench.Time.GetUtcNow(), CancellationToken.None));
    }

    [Fact]
    public async Task No_flipped_bit_of_a_marker_or_an_announcement_is_accepted()
    {
        using var owner = await _bench.CreateAsync();
        await CondemnedMarkers.WriteAsync(owner, [new PackId(Id256.Random())], CancellationToken.None);
        await using var session = await WriterSession.BeginAsync(owner, CancellationToken.None);
        var marker = _bench.Single(ObjectNames.Condemned);
        var good = _bench.Target.Objects[marker].ToArray();
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            _bench.Target.Replace(marker, bad);
            Assert.Empty(await CondemnedMarkers.LoadAsync(owner, _bench.Time.GetUtcNow(), CancellationToken.None));
        }

        var announced = _bench.Target.Objects[ObjectNames.Announcement(session.Id, 0)].ToArray();
        for (var i = 0; i < announced.Length; i++)
        {
            var bad = (byte[])announced.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            Assert.ThrowsAny<BackupException>(() => SignedObject.Open(bad, owner.Register, MemberRoles.Writer));
        }
    }

    [Fact]
    public async Task Relocations_come_back_as_they_were_sealed_and_no_flipped_bit_is_accepted()
    {
        using var owner = await _bench.CreateAsync();
        var relocation = new Relocation(owner.Register.Head, [(new PackId(Id256.Random()), new PackId(Id256.Random()))], owner.Now);
        var header = owner.NewHeader(ObjectKind.Relocation, isSealed: true);
        var good = relocation.Seal(header, owner.Keys, owner.SelfKey);
        var name = ObjectNames.Relocation(header.Object);
        var opened = Relocation.Open(new StoredObject(name, good, default), owner);
        Assert.Equal((relocation.Moves[0], relocation.Time, relocation.Register), (opened.Moves[0], opened.Time, opened.Register));
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            Assert.ThrowsAny<BackupException>(() => Relocation.Open(new StoredObject(name, bad, default), owner));
        }
    }

    private SessionRecord Read(UnlockedVault vault, ObjectName name) =>
        SessionRecord.Decode(SignedObject.Open(_bench.Target.Objects[name], vault.Register, MemberRoles.Writer).Object.Body, "session");

    /// <summary>The timer has fired; its work runs on the pool.</summary>
    private static async Task EventuallyAsync(Func<bool> isDone)
    {
        while (!isDone())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
