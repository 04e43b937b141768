using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class TargetTrafficTests
{
    [Fact]
    public void Each_kind_of_request_is_counted_for_itself_and_in_the_sum()
    {
        var meter = new TargetMeter();
        foreach (var kind in Enum.GetValues<RequestKind>())
        {
            for (var count = 0; count <= (int)kind; count++)
            {
                meter.Count(kind);
            }
        }

        meter.CountRetry();
        meter.AddSent(100);
        meter.AddReceived(7);

        var expected = new TargetTraffic { Puts = 1, Gets = 2, Stats = 3, Lists = 4, Deletes = 5, Others = 6, Retries = 1, BytesSent = 100, BytesReceived = 7 };
        Assert.Equal(expected, meter.Sample());
        Assert.Equal(21, meter.Sample().Requests);
    }

    [Fact]
    public void Since_an_earlier_sample_is_what_came_after_it_in_every_number()
    {
        var earlier = new TargetTraffic { Puts = 1, Gets = 2, Stats = 3, Lists = 4, Deletes = 5, Others = 6, Retries = 7, BytesSent = 8, BytesReceived = 9 };
        var later = new TargetTraffic { Puts = 2, Gets = 4, Stats = 6, Lists = 8, Deletes = 10, Others = 12, Retries = 14, BytesSent = 16, BytesReceived = 18 };

        Assert.Equal(earlier, later.Since(earlier));
        Assert.Equal(TargetTraffic.None, later.Since(later));
    }
}
