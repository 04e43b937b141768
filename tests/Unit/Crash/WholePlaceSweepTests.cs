using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Collection;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>
/// A store that at the n-th request says something of itself (the credential has expired, the place is gone, the line is down) has said nothing of what was asked for. So the run ends with those
/// very words, for every n: nothing is called damaged or lost, nothing is given up for it, and nothing is dropped.
/// </summary>
public sealed class WholePlaceSweepTests : IDisposable
{
    private readonly CollectionScene _scene = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(TargetFault.KeyRejected)]
    [InlineData(TargetFault.PlaceMissing)]
    [InlineData(TargetFault.Unavailable)]
    [InlineData(TargetFault.Throttled)]
    [InlineData(TargetFault.Garbled)]
    [InlineData(TargetFault.ProxyRefused)]
    [InlineData(TargetFault.Untrusted)]
    [InlineData(TargetFault.ClockSkewed)]
    [InlineData(TargetFault.WrongRegion)]
    [InlineData(TargetFault.Exposed)]
    [InlineData(TargetFault.QuotaExceeded)]
    public void These_say_nothing_of_one_object(TargetFault fault)
    {
        var said = new TargetException(fault, "said");
        Assert.True(said.IsOfWholePlace);
        Assert.False(ChunkFetcher.IsOfOnePlace(said));
        Assert.False(SegmentCatalog.IsOfOneObject(said));
    }

    [Theory]
    [InlineData(TargetFault.KeyRejected)]
    [InlineData(TargetFault.ClockSkewed)]
    [InlineData(TargetFault.QuotaExceeded)]
    [InlineData(TargetFault.AccessDenied)]
    public async Task A_check_ends_with_it_and_calls_nothing_damaged(TargetFault fault)
    {
        using var owner = await _scene.CreateAsync();
        var id = await BackUpAsync(owner);
        await SweepAsync(fault, async vault =>
        {
            var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
            Assert.Empty(catalog.Problems);
            var request = new VerifyRequest(vault.RequireReader(), catalog.Resolve(id.ToString()), catalog) { ReadsData = true };
            var result = await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token);
            Assert.Empty(result.Faults);
            return result.IsRecorded;
        });
    }

    [Theory]
    [InlineData(TargetFault.KeyRejected)]
    [InlineData(TargetFault.ClockSkewed)]
    [InlineData(TargetFault.QuotaExceeded)]
    public async Task A_restore_ends_with_it_and_gives_no_file_up(TargetFault fault)
    {
        using var owner = await _scene.CreateAsync();
        var id = await BackUpAsync(owner);
        await SweepAsync(fault, async vault =>
        {
            var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
            Assert.Empty(catalog.Problems);
            Assert.Equal(_scene.Expected[id], await CollectionScene.ReadBackAsync(vault, catalog.Resolve(id.ToString())));
            return true;
        });
    }

    [Theory]
    [InlineData(TargetFault.KeyRejected)]
    [InlineData(TargetFault.ClockSkewed)]
    public async Task A_backup_ends_with_it_and_leans_on_all_that_there_is(TargetFault fault)
    {
        using var owner = await _scene.CreateAsync();
        await BackUpAsync(owner);
        await SweepAsync(
            fault,
            async vault =>
            {
                var result = await _scene.BackUpAsync(vault);
                Assert.Equal(0, result.BytesStored);
                return true;
            },
            copies: true);
    }

    [Fact]
    public async Task A_collection_ends_with_it_and_drops_nothing()
    {
        using var owner = await _scene.CreateAsync();
        await _scene.HalfEmptyAsync(owner, owner);
        var options = new CollectOptions { MaxUnusedPercent = 20 };
        var marked = await CollectionScene.CollectAsync(owner, options);
        Assert.NotEqual(0, marked.PacksChosen);
        _scene.Time.Advance(CollectionScene.Day + TimeSpan.FromMinutes(1));
        await SweepAsync(
            TargetFault.KeyRejected,
            async vault =>
            {
                await CollectionScene.CollectAsync(vault, options);
                return true;
            },
            copies: true,
            isThin: true);
        await _scene.RequireIntactAsync(owner);
    }

    private async Task<SnapshotId> BackUpAsync(UnlockedVault vault)
    {
        _scene.Set("a.bin", 150_000, seed: 1);
        _scene.Set("b.bin", 3_000, seed: 2);
        return (await _scene.BackUpAsync(vault)).Snapshot.Id;
    }

    /// <param name="run">False where the fault hit what may fail without ending the run.</param>
    /// <param name="copies">Each run begins with the state of before the first: one that broke off leaves the next more to do, without an end.</param>
    /// <param name="isThin">Of very many requests not every one is tried.</param>
    private async Task SweepAsync(TargetFault fault, Func<UnlockedVault, Task<bool>> run, bool copies = false, bool isThin = false)
    {
        for (var at = 1; ; at += isThin ? 1 + (at / 8) : 1)
        {
            var before = _scene.Sink.Codes.Count();
            var target = new FaultTarget(copies ? _scene.Target.Clone() : _scene.Target, new FaultPlan(at) { Fault = fault });
            var hasEnded = false;
            try
            {
                using var vault = await _scene.OpenAsync(target: target);
                hasEnded = await run(vault);
            }
            catch (TargetException end) when (end.Fault == fault)
            {
                // As it should.
            }
            catch (Exception other) when (other is not OperationCanceledException)
            {
                Assert.Fail($"Request {at}: {other}");
            }

            Assert.DoesNotContain(_scene.Sink.Codes.Skip(before), static code => code?.Number is >= 3000 and < 4000);
            if (!target.HasTripped)
            {
                Assert.True(hasEnded);
                Assert.InRange(at, 15, 2_000);
                return;
            }
        }
    }
}
