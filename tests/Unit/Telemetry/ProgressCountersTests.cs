using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Tests.Unit.Telemetry;

public sealed class ProgressCountersTests
{
    [Fact]
    public void Nothing_is_counted_and_no_total_is_known_at_first() => Assert.Equal(new ProgressSnapshot(), new ProgressCounters().Sample());

    [Fact]
    public void Counts_from_many_threads_add_up()
    {
        var counters = new ProgressCounters();

        Parallel.For(0, 10_000, index =>
        {
            counters.AddBytesRead(3);
            counters.AddBytesStored(2);
            counters.AddFile();
            counters.AddChunk(isNew: index % 4 == 0);
            counters.AddFault();
        });
        counters.SetTotals(files: 0, bytes: 40_000);
        counters.SetCurrentItem("crm/members.csv");

        var expected = new ProgressSnapshot
        {
            BytesRead = 30_000,
            BytesTotal = 40_000,
            BytesStored = 20_000,
            FilesSeen = 10_000,
            FilesTotal = 0,
            ChunksNew = 2_500,
            ChunksKnown = 7_500,
            FaultCount = 10_000,
            CurrentItem = "crm/members.csv",
        };
        Assert.Equal(expected, counters.Sample());
    }

    [Fact]
    public void A_snapshot_stays_as_it_was_taken()
    {
        var counters = new ProgressCounters();
        var before = counters.Sample();

        counters.AddBytesRead(1);
        NullSink.Instance.Report(new BackupEvent(EventSeverity.Verbose, "read"));

        Assert.Equal(0, before.BytesRead);
        Assert.Equal(1, counters.Sample().BytesRead);
    }
}
