using CsCheck;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Primitives;

public sealed class ObjectHeaderTests
{
    private static readonly ObjectHeader Sample = new(ObjectKind.Pack, 0x01020304, new VaultId(Id256.Random()), ObjectId.Random());

    private static byte[] Stored(ObjectHeader header)
    {
        var bytes = new byte[ObjectHeader.SizeBytes];
        bytes.AsSpan().Fill(0xaa);
        header.Write(bytes);
        return bytes;
    }

    [Fact]
    public void The_bytes_lie_where_the_format_puts_them()
    {
        byte[] expected =
        [
            .. "SECBKUP1"u8, 4, 1, 0, 0, 4, 3, 2, 1,
            .. Sample.Vault.Value.ToArray(), .. Sample.Object.Value.ToArray(),
        ];
        Assert.Equal(expected, Stored(Sample));
    }

    [Fact]
    public void Every_header_reads_back() =>
        Gen.Select(Gen.Enum<ObjectKind>(), Gen.UInt, Gen.ULong, Gen.ULong).Sample((kind, epoch, a, b) =>
        {
            var header = new ObjectHeader(kind, epoch, new VaultId(new Id256(a, b, 1, 2)), new ObjectId(new Id256(b, a, 3, 4)));
            return ObjectHeader.Read([.. Stored(header), 1, 2, 3]) == header;
        });

    [Fact]
    public void What_does_not_start_as_an_object_is_none()
    {
        foreach (var bytes in new[] { [], Stored(Sample)[..79], new byte[200], [.. "SECBKUP2"u8, .. Stored(Sample)[8..]] })
        {
            var refused = Assert.Throws<IntegrityException>(() => ObjectHeader.Read(bytes));
            Assert.Same(FaultCodes.NotAnObject, refused.Code);
        }
    }

    [Theory]
    [InlineData(8, 0)]
    [InlineData(8, 19)]
    [InlineData(9, 0)]
    [InlineData(9, 2)]
    [InlineData(10, 1)]
    [InlineData(11, 0x80)]
    public void An_unknown_kind_version_or_flag_is_never_guessed(int at, byte value)
    {
        var bytes = Stored(Sample);
        bytes[at] = value;
        var refused = Assert.Throws<VaultException>(() => ObjectHeader.Read(bytes));
        Assert.Same(FaultCodes.UnsupportedFormat, refused.Code);
    }

    [Fact]
    public void A_misplaced_object_is_refused()
    {
        Sample.Expect(ObjectKind.Pack, Sample.Vault);
        Sample.Expect(ObjectKind.Pack, Sample.Vault, Sample.Object);
        Action[] misplaced =
        [
            () => Sample.Expect(ObjectKind.Manifest, Sample.Vault),
            () => Sample.Expect(ObjectKind.Pack, new VaultId(Id256.Random())),
            () => Sample.Expect(ObjectKind.Pack, Sample.Vault, ObjectId.Random()),
        ];
        Assert.All(misplaced, expect => Assert.Same(FaultCodes.ObjectMisplaced, Assert.Throws<IntegrityException>(expect).Code));
    }
}
