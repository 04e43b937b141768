using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class SnapshotOrderTests
{
    private const ulong Writer = 7;

    [Fact]
    public void A_clock_that_was_set_back_puts_none_before_what_it_follows()
    {
        var first = SnapshotOf(1, at: 50);
        var second = SnapshotOf(2, at: 10, first);
        var third = SnapshotOf(3, at: 20, second);
        var fork = SnapshotOf(4, at: 50, first);
        var absent = SnapshotOf(9, at: 99);
        var beside = SnapshotOf(5, at: 49, absent);
        Snapshot[] all = [beside, second, fork, first, third];

        // All but the last have the time of the first, or got it from there: the longer chain is newer, and of two as long the greater id.
        Assert.Equal([third, fork, second, first, beside], SnapshotOrder.NewestFirst(all));
    }

    [Fact]
    public void Snapshots_that_all_name_all_before_them_are_looked_at_a_few_times_each()
    {
        var all = new List<Snapshot>();
        for (ulong i = 0; i < 500; i++)
        {
            all.Add(SnapshotOf(i, at: 1, [.. all]));
        }

        var asked = 0;
        var ordered = SnapshotOrder.NewestFirst(all, snapshot =>
        {
            asked++;
            return snapshot.EndedAt;
        }).ToList();
        Assert.Equal(Enumerable.Reverse(all), ordered);
        Assert.InRange(asked, all.Count, 2 * all.Count);
    }

    private static Snapshot SnapshotOf(ulong number, long at, params Snapshot[] after)
    {
        var (time, id) = (new Timestamp(at, 0), new Id256(number, 0, 0, 0));
        ManifestReference? previous = after.Length > 0 ? after[0].Reference : null;
        return new Snapshot
        {
            Id = new SnapshotId(id), Hash = new ContentHash(id), Epoch = 1, StoreTime = default,
            Body = new ManifestBody(default, new MemberId(new Id256(Writer, 0, 0, 0)), number, previous, [.. after.Skip(1).Select(static snapshot => snapshot.Reference)], default),
            Summary = new SnapshotSummary { DataSetId = default, DataSet = "crm", StartedAt = time, EndedAt = time, HostName = "h", ReferencePages = [], PackCount = 0 },
        };
    }
}
