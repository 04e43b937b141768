using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Stores.WebDav;

/// <summary>Several that give one name at the same moment, many times over. What a server is trusted with must hold each time.</summary>
public sealed class DavMoveTests
{
    private const int Rounds = 60;
    private const int Writers = 8;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Where_moves_are_atomic_one_of_many_at_once_gets_the_name()
    {
        var server = await TestServers.RcloneDavAsync();
        await using var target = DavPlace.Open($"{server.DavAddress}/{server.CreateFolder()}?atomicmove=yes", server.User, server.Password);

        Assert.True(target.Capabilities.ConditionalPut);
        await RaceAsync(target, static winners => Assert.Single(winners));
    }

    /// <summary>Apache lets several through. Then the last one's bytes are there, all of them.</summary>
    [Fact]
    public async Task Where_they_are_not_the_target_does_not_promise_it_and_bytes_are_whole_all_the_same()
    {
        var server = await TestServers.ApacheAsync();
        await using var target = DavPlace.Open($"dav://{server.Authority}/{server.CreateFolder()}", server.User, server.Password);

        Assert.False(target.Capabilities.ConditionalPut);
        await RaceAsync(target, static winners => Assert.NotEmpty(winners));
    }

    private static async Task RaceAsync(Target target, Action<List<int>> judge)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var name = new ObjectName($"register/{round}");
            var stored = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => IsStoredAsync(target, name, writer), Cancel)));

            var winners = Enumerable.Range(0, Writers).Where(writer => stored[writer]).ToList();
            judge(winners);
            var kept = (await target.TryFetchAsync(name, 1000, Cancel))!.Bytes!.Value.ToArray();
            Assert.Contains(winners, winner => kept.AsSpan().SequenceEqual(BytesOf(winner)));
        }
    }

    private static async Task<bool> IsStoredAsync(Target target, ObjectName name, int writer)
    {
        try
        {
            await target.PutAsync(name, new MemoryStream(BytesOf(writer)), PutOptions.Default, Cancel);
            return true;
        }
        catch (TargetException error) when (error.Fault == TargetFault.AlreadyExists)
        {
            return false;
        }
    }

    private static byte[] BytesOf(int writer) => [.. Enumerable.Repeat((byte)writer, 500)];
}
