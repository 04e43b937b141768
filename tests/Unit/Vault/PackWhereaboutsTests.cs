using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class PackWhereaboutsTests
{
    private static readonly DateTimeOffset Early = DateTimeOffset.UnixEpoch;

    private readonly Dictionary<PackId, List<PackMove>> _moves = [];
    private readonly HashSet<PackId> _present = [];

    [Fact]
    public void Ways_that_part_and_meet_again_each_year_are_gone_once()
    {
        // 2^100 ways lead from the first pack to the last two.
        for (var year = 0; year < 100; year++)
        {
            Move(Pack(year, 0), Pack(year + 1, 0), Pack(year + 1, 1));
            Move(Pack(year, 1), Pack(year + 1, 1), Pack(year + 1, 0));
        }

        _present.UnionWith([Pack(100, 0), Pack(100, 1)]);
        Assert.Equal([Pack(100, 0), Pack(100, 1)], On().Resolve(Pack(0, 0)).Order());
    }

    [Fact]
    public void A_pack_that_is_there_stays_until_all_that_took_over_from_it_are_there_and_settled()
    {
        Move(Pack(0), Pack(1), Pack(2));
        _present.UnionWith([Pack(0), Pack(1)]);
        Assert.Equal([Pack(0)], On().Resolve(Pack(0)));
        _present.Add(Pack(2));
        Assert.Equal([Pack(1), Pack(2)], On().Resolve(Pack(0)));
        Assert.True(On(Early).StandsForItself(Pack(0)));
        Assert.False(On(Early.AddTicks(1)).StandsForItself(Pack(0)));
    }

    [Fact]
    public void A_way_that_comes_back_to_itself_leads_nowhere_and_another_one_goes_on()
    {
        Move(Pack(0), Pack(1));
        Move(Pack(1), Pack(0));
        Assert.Equal([Pack(0)], On().Resolve(Pack(0)));
        Move(Pack(1), Pack(2));
        _present.Add(Pack(2));
        Assert.Equal([Pack(2)], On().Resolve(Pack(0)));
        Assert.Equal([Pack(2)], On().Resolve(Pack(1)));
        _present.UnionWith([Pack(0), Pack(1)]);
        Assert.Equal([Pack(2)], On().Resolve(Pack(0)));
    }

    [Fact]
    public void A_void_move_is_asked_only_for_what_is_gone_and_that_no_other_leads_to()
    {
        Move(Pack(0), Pack(1));
        Void(Pack(1), Pack(2));
        Void(Pack(0), Pack(9));
        _present.UnionWith([Pack(2), Pack(9)]);
        Assert.Equal([Pack(2)], On().Resolve(Pack(0)));
        _present.Remove(Pack(2));
        Assert.Equal([Pack(9)], On().Resolve(Pack(0)));
        _present.Add(Pack(0));
        Assert.Equal([Pack(0)], On().Resolve(Pack(0)));
    }

    [Fact]
    public void A_chain_of_any_length_is_followed()
    {
        const int Length = 100_000;
        for (var i = 0; i < Length; i++)
        {
            Move(Pack(i), Pack(i + 1));
        }

        _present.Add(Pack(Length));
        Assert.Equal([Pack(Length)], On().Resolve(Pack(0)));
    }

    private static PackId Pack(int major, int minor = 0) => new(new Id256((ulong)major, (ulong)minor, 0, 0));

    private PackWhereabouts On(DateTimeOffset? storedBefore = null) => new(_moves, _present.Contains, storedBefore ?? DateTimeOffset.MaxValue);

    private void Move(PackId old, params PackId[] packs) => Add(old, new PackMove(packs, Early, IsVoid: false));

    private void Void(PackId old, params PackId[] packs) => Add(old, new PackMove(packs, Early, IsVoid: true));

    private void Add(PackId old, PackMove move)
    {
        if (!_moves.TryGetValue(old, out var moves))
        {
            _moves.Add(old, moves = []);
        }

        moves.Add(move);
    }
}
