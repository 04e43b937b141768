using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class SubjectSealTests
{
    private static readonly SubjectClaim Claim =
        new(new VaultId(Id256.Random()), new DomainId(Id256.Random()), new ChunkId(Id256.Random()), 1, 1234);

    private static byte[] Seal(SubjectKey key)
    {
        var record = new byte[5 + SubjectSeal.OverheadBytes];
        SubjectSeal.Seal(key, Claim, "anna!"u8, record);
        return record;
    }

    [Fact]
    public void A_record_opens_with_its_subject_s_key_alone()
    {
        using var key = SubjectKey.Create();
        using var other = SubjectKey.Create();
        var record = Seal(key);
        var plain = new byte[5];
        Assert.False(SubjectSeal.TryOpen(other, Claim, record, plain));
        Assert.Equal(new byte[5], plain);
        Assert.True(SubjectSeal.TryOpen(key, Claim, record, plain));
        Assert.Equal("anna!"u8, plain);
        Assert.Equal(80, SubjectSeal.OverheadBytes);
    }

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        using var key = SubjectKey.Create();
        var record = Seal(key);
        byte[] info = [.. "sb1/subject"u8, 0, .. Claim.Vault.Value.ToArray(), .. Claim.Domain.Value.ToArray()];
        var okm = HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Bytes.ToArray(), 64, record[..32], info);
        Assert.Equal(okm[32..], record[32..64]);

        byte[] data = [.. Claim.Vault.Value.ToArray(), .. Claim.Domain.Value.ToArray(), .. Claim.Chunk.Value.ToArray(), 1, 0xd2, 4, 0, 0];
        using var cipher = new AesGcm(okm.AsSpan(0, 32), 16);
        var plain = new byte[5];
        cipher.Decrypt(new byte[12], record.AsSpan(64, 5), record.AsSpan(69, 16), plain, data);
        Assert.Equal("anna!"u8, plain);
    }

    [Fact]
    public void Every_part_of_the_claim_is_bound()
    {
        using var key = SubjectKey.Create();
        var record = Seal(key);
        var plain = new byte[5];

        // Vault and domain make another key, the rest another tag.
        Assert.False(SubjectSeal.TryOpen(key, Claim with { Vault = new VaultId(Id256.Random()) }, record, plain));
        Assert.False(SubjectSeal.TryOpen(key, Claim with { Domain = DomainId.Vault }, record, plain));
        SubjectClaim[] others = [Claim with { Chunk = default }, Claim with { Compression = 0 }, Claim with { PlainBytes = 1235 }];
        Assert.All(others, claim => Assert.Same(
            FaultCodes.FrameTampered, Assert.Throws<IntegrityException>(() => SubjectSeal.TryOpen(key, claim, record, plain)).Code));
    }

    [Fact]
    public void No_flipped_bit_goes_unnoticed()
    {
        using var key = SubjectKey.Create();
        var record = Seal(key);
        var plain = new byte[5];
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            record[bit / 8] ^= (byte)(1 << (bit % 8));
            if (bit < 64 * 8)
            {
                Assert.False(SubjectSeal.TryOpen(key, Claim, record, plain));
            }
            else
            {
                Assert.Throws<IntegrityException>(() => SubjectSeal.TryOpen(key, Claim, record, plain));
            }

            Assert.Equal(new byte[5], plain);
            record[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.Throws<IntegrityException>(() => SubjectSeal.TryOpen(key, Claim, record.AsSpan(0, 79), []));
    }

    [Fact]
    public void The_same_record_never_looks_the_same()
    {
        using var key = SubjectKey.Create();
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => Convert.ToHexString(Seal(key).AsSpan(0, 64))).Distinct().Count());
    }
}
