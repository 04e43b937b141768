using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class SnapshotKindTests
{
    [Fact]
    public void A_snapshot_of_records_says_so_and_one_of_files_is_stored_as_ever()
    {
        var files = Summary();
        var records = files with { Kind = SnapshotKind.Records, RecordCount = 12, SubjectCount = 3 };
        Assert.Equivalent(records, Decode(ManifestCodec.EncodeSummary(records)), strict: true);
        Assert.Equivalent(files, Decode(ManifestCodec.EncodeSummary(files)), strict: true);
        Assert.True(ManifestCodec.EncodeSummary(files).Length < ManifestCodec.EncodeSummary(records).Length);
    }

    [Fact]
    public void A_kind_of_a_later_version_is_refused_and_not_guessed()
    {
        var encoded = ManifestCodec.EncodeSummary(Summary() with { Kind = (SnapshotKind)2 });
        Assert.Equal(FaultCodes.UnsupportedFormat, Assert.Throws<VaultException>(() => Decode(encoded)).Code);
    }

    private static SnapshotSummary Decode(byte[] encoded) => ManifestCodec.DecodeSummary(encoded, "summary");

    private static SnapshotSummary Summary() => new()
    {
        DataSetId = new DataSetId(Id256.Random()), DataSet = "members", StartedAt = default, EndedAt = default, HostName = "web-01", ReferencePages = [], PackCount = 4,
    };
}
