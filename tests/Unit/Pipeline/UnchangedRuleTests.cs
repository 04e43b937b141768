using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class UnchangedRuleTests
{
    private static readonly Timestamp Written = new(1_000, 995_000_000);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly Timestamp LongAfter = new(2_000, 0);

    private static readonly EntryMetadata File = new() { Kind = EntryKind.File, SizeBytes = 7, ModifiedAt = Written };
    private static readonly EntryIdentity Identity = new(Written, FileId: 12, DeviceId: 3, LinkCount: 1);

    /// <summary>Written at 1000.995 s on a clock of 10 ms: a second write until 1001.005 s may bear the same time.</summary>
    [Theory]
    [InlineData(1_001, 5_000_001, true)]
    [InlineData(1_001, 5_000_000, false)]
    [InlineData(1_001, 4_999_999, false)]
    [InlineData(1_000, 995_000_000, false)]
    [InlineData(999, 0, false)]
    public void What_was_written_within_a_tick_of_the_look_is_read_again(long seconds, uint nanoseconds, bool holds) =>
        Assert.Equal(holds, Holds(File, Identity, lookedAt: new Timestamp(seconds, nanoseconds)));

    [Theory]
    [InlineData(1_002, 995_000_001, true)]
    [InlineData(1_002, 995_000_000, false)]
    public void A_coarse_clock_takes_longer_to_settle(long seconds, uint nanoseconds, bool holds) =>
        Assert.Equal(holds, Holds(File, Identity, new Timestamp(seconds, nanoseconds), granularity: TimeSpan.FromSeconds(2)));

    [Fact]
    public void The_change_time_must_have_settled_too()
    {
        var changed = Identity with { ChangedAt = new Timestamp(1_500, 0) };
        Assert.False(Holds(File, changed, lookedAt: new Timestamp(1_500, 10_000_000), before: changed));
        Assert.True(Holds(File, changed, lookedAt: new Timestamp(1_500, 10_000_001), before: changed));
    }

    [Fact]
    public void A_time_in_the_future_never_settles()
    {
        var future = new Timestamp(9_000, 0);
        Assert.False(Holds(File with { ModifiedAt = future }, Identity, LongAfter, listed: File with { ModifiedAt = future }));
    }

    [Theory]
    [InlineData(1_000, 2_000L, false)]
    [InlineData(2_000, 1_000L, false)]
    [InlineData(1_000, 1_000L, true)]
    [InlineData(1_000, null, false)]
    public void A_file_with_a_time_that_has_not_settled_can_be_read_without_a_look_at_the_listing(long modified, long? changed, bool mayHold)
    {
        var seen = new SeenEntry(File with { ModifiedAt = new Timestamp(modified, 0) }, Identity with { ChangedAt = changed is { } seconds ? new Timestamp(seconds, 0) : null }, Tick);
        Assert.Equal(mayHold, new UnchangedRule(new Timestamp(1_500, 0), TrustsMissingChangeTime: false).MayHold(seen));
        Assert.Equal(modified < 1_500, new UnchangedRule(new Timestamp(1_500, 0), TrustsMissingChangeTime: true).MayHold(seen));
    }

    [Fact]
    public void Every_difference_counts()
    {
        Assert.True(Holds(File, Identity, LongAfter));
        Assert.False(Holds(File with { SizeBytes = 8 }, Identity, LongAfter));
        Assert.False(Holds(File with { ModifiedAt = new Timestamp(1_000, 995_000_001) }, Identity, LongAfter));
        Assert.False(Holds(File with { Kind = EntryKind.SymbolicLink }, Identity, LongAfter));
        Assert.False(Holds(File, Identity, LongAfter, listed: File with { Kind = EntryKind.HardLink }));
        Assert.False(Holds(File, Identity with { ChangedAt = new Timestamp(1_000, 995_000_001) }, LongAfter));
        Assert.False(Holds(File, Identity with { FileId = 13 }, LongAfter));
    }

    [Fact]
    public void What_means_nothing_for_the_content_does_not_count()
    {
        Assert.True(Holds(File with { Mode = 0x1ED, UserId = 5 }, Identity, LongAfter));
        Assert.True(Holds(File, Identity with { DeviceId = 4, LinkCount = 2 }, LongAfter));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_change_time_or_file_id_prove_nothing_the_users_word_decides(bool trusts)
    {
        Assert.Equal(trusts, Holds(File, Identity with { ChangedAt = null }, LongAfter, trusts: trusts));
        Assert.Equal(trusts, Holds(File, Identity with { FileId = 0 }, LongAfter, trusts: trusts));
        Assert.Equal(trusts, Holds(File, Identity, LongAfter, before: Identity with { ChangedAt = null }, trusts: trusts));
        Assert.Equal(trusts, Holds(File, Identity, LongAfter, before: Identity with { FileId = 0 }, trusts: trusts));
        Assert.False(Holds(File, Identity with { FileId = 13 }, LongAfter, trusts: trusts));
        Assert.False(Holds(File with { SizeBytes = 8 }, Identity with { FileId = 0 }, LongAfter, trusts: trusts));
        Assert.False(Holds(File, Identity with { FileId = 0 }, lookedAt: Written, trusts: trusts));
    }

    [Fact]
    public void A_folder_is_as_it_was_when_both_times_and_its_id_are_and_have_settled()
    {
        var folder = new EntryMetadata { Kind = EntryKind.Directory, ModifiedAt = Written };
        Assert.True(HoldsFolder(folder, Identity, LongAfter));
        Assert.False(HoldsFolder(folder with { ModifiedAt = LongAfter }, Identity, LongAfter));
        Assert.False(HoldsFolder(folder, Identity with { ChangedAt = LongAfter }, LongAfter));
        Assert.False(HoldsFolder(folder, Identity with { FileId = 13 }, LongAfter));
        Assert.False(HoldsFolder(File, Identity, LongAfter));
        Assert.False(HoldsFolder(folder, Identity, lookedAt: Written));

        bool HoldsFolder(EntryMetadata now, EntryIdentity identity, Timestamp lookedAt) =>
            new UnchangedRule(lookedAt, TrustsMissingChangeTime: true).HoldsFolder(Cached(folder, Identity), new SeenEntry(now, identity, Tick));
    }

    [Fact]
    public void What_changed_while_it_was_read_is_read_again()
    {
        var changing = new ListedEntry { Path = EntryPath.Root.Append("a"u8), Metadata = File, ContentFault = FaultCodes.EntryChanged.ToString() };
        var cached = CachedEntry.Of(changing, EntryCodec.Encode(changing), Identity);
        Assert.False(new UnchangedRule(LongAfter, TrustsMissingChangeTime: true).Holds(cached, new SeenEntry(File, Identity, Tick)));
    }

    private static bool Holds(
        EntryMetadata now, EntryIdentity identity, Timestamp lookedAt, TimeSpan? granularity = null, EntryMetadata? listed = null, EntryIdentity? before = null, bool trusts = false)
    {
        var rule = new UnchangedRule(lookedAt, trusts);
        var seen = new SeenEntry(now, identity, granularity ?? Tick);
        var holds = rule.Holds(Cached(listed ?? File, before ?? Identity), seen);

        // What is read before its turn is never what the rule would have spared.
        Assert.True(rule.MayHold(seen) || !holds);
        return holds;
    }

    private static CachedEntry Cached(EntryMetadata metadata, EntryIdentity identity)
    {
        var listed = new ListedEntry { Path = EntryPath.Root.Append("a"u8), Metadata = metadata };
        return CachedEntry.Of(listed, EntryCodec.Encode(listed), identity);
    }

    /// <summary>An entry as a walk sees it; its content is never asked for by the rule.</summary>
    private sealed class SeenEntry : SourceEntry
    {
        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        internal SeenEntry(EntryMetadata metadata, EntryIdentity identity, TimeSpan granularity)
        {
            Path = EntryPath.Root.Append("a"u8);
            Origin = default;
            Metadata = metadata;
            Identity = identity;
            StatedAt = LongAfter;
            TimeGranularity = granularity;
        }

        public override SourceContent Open() => throw new InvalidOperationException("The rule decides by metadata alone.");

        public override SourceContent OpenStream(AlternateStream stream) => throw new InvalidOperationException("The rule decides by metadata alone.");
    }
}
