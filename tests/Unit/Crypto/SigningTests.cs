using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class SigningTests
{
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")]
    public void The_public_key_is_that_of_RFC_8032(string seed, string publicKey)
    {
        using var key = new SigningKey(Convert.FromHexString(seed));
        Assert.Equal(publicKey, key.Public.ToString());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Convert.FromHexString(publicKey))), key.Id.ToString());
    }

    [Fact]
    public void The_signature_is_plain_Ed25519_over_the_label_and_the_hash()
    {
        using var key = SigningKey.Create();
        var signature = new byte[VerifyKey.SignatureBytes];
        key.Sign("manifest"u8, signature);

        var algorithm = NSec.Cryptography.SignatureAlgorithm.Ed25519;
        var publicKey = NSec.Cryptography.PublicKey.Import(algorithm, key.Public.Value.ToArray(), NSec.Cryptography.KeyBlobFormat.RawPublicKey);
        Assert.True(algorithm.Verify(publicKey, [.. "sb1/sign"u8, .. SHA256.HashData("manifest"u8)], signature));
    }

    [Fact]
    public void Message_and_hash_sign_alike_and_verify_alike()
    {
        using var key = SigningKey.Create();
        var byMessage = new byte[VerifyKey.SignatureBytes];
        var byHash = new byte[VerifyKey.SignatureBytes];
        key.Sign("manifest"u8, byMessage);
        key.Sign(ContentHash.Of("manifest"u8), byHash);
        Assert.Equal(byMessage, byHash);
        Assert.True(key.Public.Verify("manifest"u8, byHash));
        Assert.True(key.Public.Verify(ContentHash.Of("manifest"u8), byMessage));
    }

    [Fact]
    public void No_changed_message_signature_or_member_verifies()
    {
        using var key = SigningKey.Create();
        using var other = SigningKey.Create();
        var signature = new byte[VerifyKey.SignatureBytes];
        key.Sign("manifest"u8, signature);
        Assert.False(key.Public.Verify("manifesu"u8, signature));
        Assert.False(other.Public.Verify("manifest"u8, signature));
        Assert.False(key.Public.Verify("manifest"u8, signature.AsSpan(1)));
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.Public.Verify("manifest"u8, signature));
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.True(key.Public.Verify("manifest"u8, signature));
    }

    [Fact]
    public void A_disposed_key_signs_nothing_and_a_key_prints_nothing()
    {
        var key = SigningKey.Create();
        var seed = Convert.ToHexStringLower(key.Bytes);
        Assert.DoesNotContain(seed, key.ToString(), StringComparison.OrdinalIgnoreCase);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign("manifest"u8, new byte[VerifyKey.SignatureBytes]));
        Assert.Throws<ObjectDisposedException>(() => key.Bytes.Length);
    }
}
