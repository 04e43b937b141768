using CsCheck;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

public sealed class EntryCodecTests
{
    [Fact]
    public void Any_entry_comes_back_as_it_was() =>
        EntryGen.Entry.Sample(entry =>
        {
            var bytes = EntryCodec.Encode(entry);
            Assert.Equivalent(entry, EntryCodec.Decode(bytes), strict: true);
            Assert.Equal(bytes, EntryCodec.Encode(EntryCodec.Decode(bytes)));
        });

    [Fact]
    public void Any_identity_comes_back_as_it_was() =>
        EntryGen.Identity.Sample(identity =>
        {
            var record = new byte[IdentityCodec.SizeBytes];
            IdentityCodec.Write(identity, record);
            return IdentityCodec.Read(record) == identity;
        });

    [Fact]
    public void A_mutated_entry_is_read_or_refused_by_name_and_never_crashes() =>
        Gen.Select(EntryGen.Entry, Gen.Int[0, int.MaxValue], Gen.Byte).Sample((entry, at, value) =>
        {
            var bytes = EntryCodec.Encode(entry);
            bytes[at % bytes.Length] = value;
            try
            {
                EntryCodec.Decode(bytes);
            }
            catch (BackupException refused)
            {
                Assert.Contains(refused.Code, new[] { FaultCodes.Malformed, FaultCodes.UnsupportedFormat });
            }
        });

    [Fact]
    public void Holes_that_overlap_or_leave_the_file_are_refused()
    {
        var entry = File(size: 10) with { Metadata = Metadata(10) with { Holes = [new FileExtent(0, 5), new FileExtent(4, 2)] } };
        Assert.Equal(FaultCodes.Malformed, Assert.Throws<IntegrityException>(() => EntryCodec.Decode(EntryCodec.Encode(entry))).Code);
        entry = entry with { Metadata = Metadata(10) with { Holes = [new FileExtent(8, long.MaxValue - 2)] } };
        Assert.Equal(FaultCodes.Malformed, Assert.Throws<IntegrityException>(() => EntryCodec.Decode(EntryCodec.Encode(entry))).Code);
    }

    [Fact]
    public void An_unknown_critical_key_is_refused_and_an_unknown_other_key_is_ignored()
    {
        byte[] With(int key) => new CborMapWriter().BeginMap()
            .Key(0).BeginArray(1).Bytes("a"u8).EndArray()
            .Key(1).Int((int)EntryKind.Fifo)
            .Key(4).Time(default)
            .Key(key).Int(7)
            .EndMap().Encode();
        Assert.Equal(FaultCodes.UnsupportedFormat, Assert.Throws<VaultException>(() => EntryCodec.Decode(With(99))).Code);
        Assert.Equal(EntryKind.Fifo, EntryCodec.Decode(With(128)).Metadata.Kind);
    }

    private static EntryMetadata Metadata(long size) => new() { Kind = EntryKind.File, SizeBytes = size };

    private static ListedEntry File(long size) => new() { Path = new EntryPath(["a"u8.ToArray()]), Metadata = Metadata(size) };
}
