using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class KeyedHashTests
{
    private static readonly byte[] KeyBytes = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    [Fact]
    public void A_chunk_id_is_the_hash_that_the_format_says()
    {
        using var key = new ChunkIdKey(KeyBytes);
        var domain = new DomainId(Id256.Random());
        byte[] message = [.. domain.Value.ToArray(), 3, 0, 0, 0, 0, 0, 0, 0, .. SHA256.HashData("abc"u8)];
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData(KeyBytes, message)), key.IdOf(domain, "abc"u8).ToString());
    }

    [Fact]
    public void Key_domain_and_content_each_change_the_chunk_id()
    {
        using var key = new ChunkIdKey(KeyBytes);
        using var other = new ChunkIdKey(new byte[32]);
        ChunkId[] ids =
        [
            key.IdOf(DomainId.Vault, "abc"u8), other.IdOf(DomainId.Vault, "abc"u8), key.IdOf(new DomainId(Id256.Random()), "abc"u8),
            key.IdOf(DomainId.Vault, "abd"u8), key.IdOf(DomainId.Vault, default),
        ];
        Assert.Equal(5, ids.Distinct().Count());
        Assert.Equal(ids[0], key.IdOf(DomainId.Vault, "abc"u8));
    }

    [Fact]
    public void A_derived_key_is_HKDF_with_an_empty_salt()
    {
        using var master = new RootKey(KeyBytes);
        using var derived = DerivedKey.Derive(master, "sb1/data-set"u8);
        var expected = HKDF.DeriveKey(HashAlgorithmName.SHA256, KeyBytes, 32, [], "sb1/data-set"u8.ToArray());
        Assert.Equal(expected, derived.Bytes.ToArray());
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData(expected, "shop"u8)), derived.HashOf("shop"u8).ToString());
        using var other = DerivedKey.Derive(master, "sb1/cursor"u8);
        Assert.NotEqual(derived.HashOf("shop"u8), other.HashOf("shop"u8));
        Assert.Throws<ArgumentException>(() => DerivedKey.Derive(master, default));
    }

    [Fact]
    public void Keys_are_wiped_held_to_their_size_and_print_nothing()
    {
        var key = new SubjectKey(KeyBytes);
        var memory = key.Bytes;
        Assert.Equal("SubjectKey", key.ToString());
        key.Dispose();
        Assert.Equal(new byte[32], memory.ToArray());
        Assert.Throws<ObjectDisposedException>(() => key.Bytes.Length);
        Assert.Throws<ArgumentException>(() => new RootKey(new byte[31]));
        using var one = RootKey.Create();
        using var two = RootKey.Create();
        Assert.NotEqual(one.Bytes.ToArray(), two.Bytes.ToArray());
    }
}
