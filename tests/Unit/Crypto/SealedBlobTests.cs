using System.Security.Cryptography;
using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class SealedBlobTests
{
    private const int Frame = SealedBlob.FramePlainBytes;
    private const int Max = 1 << 20;

    private static readonly ObjectHeader Header = new(ObjectKind.Manifest, 1, new VaultId(Id256.Random()), ObjectId.Random());
    private static readonly byte[] Root = RandomNumberGenerator.GetBytes(32);

    private static ObjectKey TheKey => new(Root, Header, SealPurpose.Metadata);

    private static bool IsRefused(byte[] blob, FaultCode code)
    {
        try
        {
            using var opened = SealedBlob.TryOpen(TheKey, blob, Max);
            return opened is null;
        }
        catch (IntegrityException refused)
        {
            return refused.Code == code;
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(Frame - 1, 1)]
    [InlineData(Frame, 1)]
    [InlineData(Frame + 1, 2)]
    [InlineData(2 * Frame, 2)]
    [InlineData((2 * Frame) + 1, 3)]
    public void Every_length_around_a_frame_comes_back(int length, int frames)
    {
        var plain = RandomNumberGenerator.GetBytes(length);
        var blob = SealedBlob.Seal(TheKey, plain);
        Assert.Equal(32 + length + (16 * frames), blob.Length);
        using var opened = SealedBlob.TryOpen(TheKey, blob, length);
        Assert.Equal(plain, opened!.Span.ToArray());
    }

    [Fact]
    public void Any_plaintext_comes_back() =>
        Gen.Byte.Array[0, 3000].Sample(plain =>
        {
            using var opened = SealedBlob.TryOpen(TheKey, SealedBlob.Seal(TheKey, plain), Max);
            return opened!.Span.SequenceEqual(plain);
        });

    [Fact]
    public void No_flipped_bit_goes_unnoticed()
    {
        var blob = SealedBlob.Seal(TheKey, "a whole manifest"u8);
        for (var bit = 0; bit < blob.Length * 8; bit++)
        {
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(IsRefused(blob, FaultCodes.FrameTampered), $"bit {bit}");
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.False(IsRefused(blob, FaultCodes.FrameTampered));
    }

    [Fact]
    public void Cut_extended_and_reordered_blobs_are_refused()
    {
        var blob = SealedBlob.Seal(TheKey, RandomNumberGenerator.GetBytes((2 * Frame) + 100));
        const int Sealed = Frame + 16;
        byte[][] wrong =
        [
            blob[..^1], blob[..(32 + (2 * Sealed))], blob[..(32 + Sealed)], blob[..(32 + (2 * Sealed) + 16)], blob[..48], blob[..47], blob[..32], [],
            [.. blob, 0], [.. blob, .. new byte[16]],
            [.. blob[..32], .. blob[(32 + Sealed)..(32 + (2 * Sealed))], .. blob[32..(32 + Sealed)], .. blob[(32 + (2 * Sealed))..]],
            [.. blob[..32], .. blob[(32 + (2 * Sealed))..]],
        ];
        Assert.All(wrong, bytes => Assert.True(IsRefused(bytes, FaultCodes.FrameTampered)));
    }

    [Fact]
    public void A_wrong_key_gives_null_and_no_exception()
    {
        var blob = SealedBlob.Seal(TheKey, "x"u8);
        Assert.Null(SealedBlob.TryOpen(new ObjectKey(new byte[32], Header, SealPurpose.Metadata), blob, Max));
        Assert.Null(SealedBlob.TryOpen(new ObjectKey(Root, Header, SealPurpose.Owner), blob, Max));
    }

    [Fact]
    public void What_is_too_large_is_refused_before_anything_is_allocated()
    {
        var blob = SealedBlob.Seal(TheKey, new byte[5_000_000]);
        _ = Assert.Throws<IntegrityException>(() => SealedBlob.TryOpen(TheKey, blob, 4_999_999));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Assert.Throws<IntegrityException>(() => SealedBlob.TryOpen(TheKey, blob, 4_999_999));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.Same(FaultCodes.SealedTooLarge, refused.Code);
    }
}
