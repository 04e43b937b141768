using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class FrameSealerTests
{
    private static readonly ObjectHeader Header = new(ObjectKind.Pack, 3, new VaultId(Id256.Random()), ObjectId.Random());
    private static readonly byte[] Root = RandomNumberGenerator.GetBytes(32);

    private static ObjectKey KeyOf(ObjectHeader header, SealPurpose purpose = SealPurpose.Pack) => new(Root, header, purpose);

    private static FrameOpener Open(ObjectKey key, FrameSealer sealer)
    {
        Assert.True(FrameOpener.TryCreate(key, sealer.Commitment, out var opener));
        return opener;
    }

    [Fact]
    public void Frames_open_in_any_order_as_what_they_were_sealed()
    {
        using var sealer = new FrameSealer(KeyOf(Header));
        byte[] first = new byte[21], last = new byte[16];
        Assert.Equal(0UL, sealer.Seal(isLast: false, "claim"u8, "hello"u8, first));
        Assert.Equal(1UL, sealer.Seal(isLast: true, default, default, last));

        using var opener = Open(KeyOf(Header), sealer);
        var plain = new byte[5];
        opener.Open(1, isLast: true, default, last, []);
        opener.Open(0, isLast: false, "claim"u8, first, plain);
        Assert.Equal("hello"u8, plain);
    }

    [Theory]
    [InlineData(SealPurpose.Pack, "sb1/pack")]
    [InlineData(SealPurpose.Table, "sb1/table")]
    [InlineData(SealPurpose.Index, "sb1/index")]
    [InlineData(SealPurpose.Metadata, "sb1/meta")]
    [InlineData(SealPurpose.Owner, "sb1/owner")]
    [InlineData(SealPurpose.Grant, "sb1/grant")]
    [InlineData(SealPurpose.Bundle, "sb1/bundle")]
    [InlineData(SealPurpose.Unlock, "sb1/unlock")]
    [InlineData(SealPurpose.Cache, "sb1/cache")]
    [InlineData(SealPurpose.Keyring, "sb1/keyring")]
    public void The_bytes_are_those_of_the_format_by_another_implementation(SealPurpose purpose, string label)
    {
        using var sealer = new FrameSealer(KeyOf(Header, purpose));
        var frame = new byte[21];
        sealer.Seal(isLast: false, default, "first"u8, frame);
        sealer.Seal(isLast: true, "claim"u8, "hello"u8, frame);

        var header = new byte[ObjectHeader.SizeBytes];
        Header.Write(header);
        var okm = HKDF.DeriveKey(HashAlgorithmName.SHA256, Root, 64, Header.Object.Value.ToArray(), [.. Encoding.ASCII.GetBytes(label), 0, .. header]);
        Assert.Equal(okm[32..], sealer.Commitment.ToArray());

        byte[] data = [.. header, 1, 0, 0, 0, 0, 0, 0, 0, 1, .. "claim"u8];
        var cipher = new GcmBlockCipher(new AesEngine());
        cipher.Init(forEncryption: true, new AeadParameters(new KeyParameter(okm[..32]), 128, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], data));
        var expected = new byte[21];
        var written = cipher.ProcessBytes("hello"u8.ToArray(), 0, 5, expected, 0);
        cipher.DoFinal(expected, written);
        Assert.Equal(expected, frame);
    }

    [Fact]
    public void Every_purpose_has_a_label_of_its_own()
    {
        var labels = Enum.GetValues<SealPurpose>().Select(purpose => Encoding.ASCII.GetString(ObjectKey.LabelOf(purpose))).ToList();
        Assert.Equal(10, labels.Distinct(StringComparer.Ordinal).Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => ObjectKey.LabelOf((SealPurpose)99).Length);
    }

    [Fact]
    public void A_wrong_root_header_or_purpose_is_told_before_any_frame_is_opened()
    {
        using var sealer = new FrameSealer(KeyOf(Header));
        var commitment = sealer.Commitment.ToArray();
        ObjectHeader[] others =
        [
            Header with { Kind = ObjectKind.Manifest }, Header with { Epoch = 4 },
            Header with { Vault = new VaultId(Id256.Random()) }, Header with { Object = ObjectId.Random() },
        ];
        Assert.All(others, header => Assert.False(FrameOpener.TryCreate(KeyOf(header), commitment, out _)));
        Assert.False(FrameOpener.TryCreate(KeyOf(Header, SealPurpose.Table), commitment, out _));
        Assert.False(FrameOpener.TryCreate(new ObjectKey(new byte[32], Header, SealPurpose.Pack), commitment, out var none));
        Assert.Null(none);
        Assert.False(FrameOpener.TryCreate(KeyOf(Header), commitment.AsSpan(1), out _));
        Assert.True(FrameOpener.TryCreate(KeyOf(Header), commitment, out var right));
        right.Dispose();
    }

    [Fact]
    public void Number_last_flag_and_claim_are_bound_to_the_frame()
    {
        using var sealer = new FrameSealer(KeyOf(Header));
        var frame = new byte[21];
        sealer.Seal(isLast: false, "claim"u8, "hello"u8, frame);
        using var opener = Open(KeyOf(Header), sealer);
        var plain = new byte[5];
        Action[] moved =
        [
            () => opener.Open(1, isLast: false, "claim"u8, frame, plain),
            () => opener.Open(0, isLast: true, "claim"u8, frame, plain),
            () => opener.Open(0, isLast: false, "claim2"u8, frame, plain),
            () => opener.Open(0, isLast: false, default, frame, plain),
            () => opener.Open(1UL << 31, isLast: false, "claim"u8, frame, plain),
            () => opener.Open(0, isLast: false, "claim"u8, frame.AsSpan(0, 15), []),
        ];
        foreach (var open in moved)
        {
            plain.AsSpan().Clear();
            Assert.Same(FaultCodes.FrameTampered, Assert.Throws<IntegrityException>(open).Code);
            Assert.Equal(new byte[5], plain);
        }
    }

    [Fact]
    public void A_failed_attempt_uses_up_its_number()
    {
        using var sealer = new FrameSealer(KeyOf(Header));
        Assert.Throws<ArgumentException>(() => sealer.Seal(isLast: false, default, "hello"u8, new byte[20]));
        Assert.Throws<ArgumentException>(() => sealer.Seal(isLast: false, new byte[97], "hello"u8, new byte[21]));
        Assert.Equal(2UL, sealer.Seal(isLast: false, new byte[96], "hello"u8, new byte[21]));
    }

    [Fact]
    public void Nothing_is_sealed_after_the_last_frame_or_beyond_the_limit()
    {
        using var finished = new FrameSealer(KeyOf(Header));
        finished.Seal(isLast: true, default, default, new byte[16]);
        Assert.Throws<InvalidOperationException>(() => finished.Seal(isLast: false, default, default, new byte[16]));

        using var full = new FrameSealer(KeyOf(Header), firstFrame: (1UL << 31) - 1);
        full.Seal(isLast: false, default, default, new byte[16]);
        Assert.Throws<InvalidOperationException>(() => full.Seal(isLast: false, default, default, new byte[16]));
    }

    [Fact]
    public void Key_and_nonce_never_come_together_twice()
    {
        // Ten thousand objects under one root, ten frames each: the commitment stands for the key, as both are one HKDF output.
        var seen = new HashSet<(Id256 Key, ulong Frame)>();
        var header = Header;
        var frame = new byte[16];
        for (var i = 0; i < 10_000; i++)
        {
            header = header with { Object = ObjectId.Random() };
            using var sealer = new FrameSealer(KeyOf(header));
            var key = Id256.Read(sealer.Commitment);
            for (var n = 0; n < 10; n++)
            {
                Assert.True(seen.Add((key, sealer.Seal(isLast: false, default, default, frame))));
            }
        }

        Assert.Equal(100_000, seen.Count);
    }

    [Fact]
    public void Each_number_has_its_nonce()
    {
        Span<byte> nonce = stackalloc byte[12];
        foreach (var frame in new ulong[] { 0, 1, 255, 256, (1UL << 31) - 1 })
        {
            nonce.Fill(0xff);
            FrameBinding.WriteNonce(frame, nonce);
            Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(nonce));
            Assert.Equal(frame, BinaryPrimitives.ReadUInt64BigEndian(nonce[4..]));
        }
    }

    [Fact]
    public void Sealing_and_opening_a_frame_allocate_nothing()
    {
        using var sealer = new FrameSealer(KeyOf(Header));
        using var opener = Open(KeyOf(Header), sealer);
        var (plain, frame, claim) = (new byte[4096], new byte[4112], new byte[38]);
        opener.Open(sealer.Seal(isLast: false, claim, plain, frame), isLast: false, claim, frame, plain);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            opener.Open(sealer.Seal(isLast: false, claim, plain, frame), isLast: false, claim, frame, plain);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
