using System.Security.Cryptography;
using NSec.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using SecureBackup.Engine.Crypto;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class XWingTests
{
    /// <summary>Appendix C of draft-connolly-cfrg-xwing-kem-08: seed, encapsulation seed, first bytes of public key and ciphertext, shared secret.
    /// The secret is a hash over the curve's public key and ciphertext and over a secret that depends on all of the lattice key.</summary>
    [Theory]
    [InlineData(
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
        "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
        "e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5b19cfc3d",
        "b83aa828d4d62b9a83ceffe1d3d3bb1ef31264643c070c5798927e41fb07914a273f8f96",
        "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384")]
    [InlineData(
        "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
        "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdefaee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
        "0333285fa253661508c9fb444852caa4061636cb060e69943b431400134ae1fbc0228724",
        "c93beb22326705699bbc3d1d0aa6339be7a405debe61a7c337e1a91453c097a6f77c1306",
        "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150")]
    public void The_draft_s_vectors_hold(string seed, string randomness, string publicKey, string ciphertext, string secret)
    {
        using var identity = new IdentityKey(Convert.FromHexString(seed));
        Assert.StartsWith(publicKey, Convert.ToHexStringLower(identity.Recipient.Bytes), StringComparison.Ordinal);

        var (encapsulated, shared) = (new byte[XWing.CiphertextBytes], new byte[XWing.SecretBytes]);
        Assert.Equal(0, Sodium.XWingEncapsulateFrom(encapsulated, shared, identity.Recipient.Bytes, Convert.FromHexString(randomness)));
        Assert.StartsWith(ciphertext, Convert.ToHexStringLower(encapsulated), StringComparison.Ordinal);
        Assert.Equal(secret, Convert.ToHexStringLower(shared));

        shared.AsSpan().Clear();
        Assert.True(identity.TryDecapsulate(encapsulated, shared));
        Assert.Equal(secret, Convert.ToHexStringLower(shared));
    }

    /// <summary>Put together from other implementations of its parts, as the draft says.</summary>
    [Fact]
    public void An_independent_combination_opens_what_is_encapsulated()
    {
        var seed = RandomNumberGenerator.GetBytes(XWing.SeedBytes);
        using var identity = new IdentityKey(seed);
        var (ciphertext, secret) = (new byte[XWing.CiphertextBytes], new byte[XWing.SecretBytes]);
        identity.Recipient.Encapsulate(ciphertext, secret);

        var expanded = new byte[96];
        var shake = new ShakeDigest(256);
        shake.BlockUpdate(seed, 0, seed.Length);
        shake.OutputFinal(expanded, 0, expanded.Length);

        var lattice = MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, expanded[..64]);
        Assert.Equal(identity.Recipient.Bytes[..1184], lattice.GetPublicKey().GetEncoded());
        var latticeSecret = new byte[32];
        var decapsulator = new MLKemDecapsulator(MLKemParameters.ml_kem_768);
        decapsulator.Init(lattice);
        decapsulator.Decapsulate(ciphertext, 0, 1088, latticeSecret, 0, 32);

        using var curve = Key.Import(KeyAgreementAlgorithm.X25519, expanded.AsSpan(64), KeyBlobFormat.RawPrivateKey);
        var curvePublic = curve.PublicKey.Export(KeyBlobFormat.RawPublicKey);
        Assert.Equal(identity.Recipient.Bytes[1184..], curvePublic);
        var ephemeral = PublicKey.Import(KeyAgreementAlgorithm.X25519, ciphertext.AsSpan(1088), KeyBlobFormat.RawPublicKey);
        using var agreed = KeyAgreementAlgorithm.X25519.Agree(curve, ephemeral, new SharedSecretCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport });
        var curveSecret = agreed!.Export(SharedSecretBlobFormat.RawSharedSecret);

        byte[] combined = [.. latticeSecret, .. curveSecret, .. ciphertext[1088..], .. curvePublic, .. @"\.//^\"u8];
        var digest = new Sha3Digest(256);
        digest.BlockUpdate(combined, 0, combined.Length);
        var expected = new byte[32];
        digest.DoFinal(expected, 0);
        Assert.Equal(expected, secret);
    }

    [Fact]
    public void Two_encapsulations_never_share_a_secret()
    {
        using var identity = IdentityKey.Create();
        var secrets = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 200; i++)
        {
            var (ciphertext, secret) = (new byte[XWing.CiphertextBytes], new byte[XWing.SecretBytes]);
            identity.Recipient.Encapsulate(ciphertext, secret);
            Assert.True(secrets.Add(Convert.ToHexString(secret)));
        }
    }

    [Fact]
    public void Sizes_are_held_to_and_keys_compare_by_value()
    {
        using var identity = IdentityKey.Create();
        Assert.Throws<ArgumentException>(() => new RecipientKey(new byte[XWing.PublicBytes - 1]));
        Assert.Throws<ArgumentException>(() => new IdentityKey(new byte[31]));
        Assert.Throws<ArgumentException>(() => identity.Recipient.Encapsulate(new byte[XWing.CiphertextBytes - 1], new byte[32]));
        Assert.Throws<ArgumentException>(() => identity.TryDecapsulate(new byte[XWing.CiphertextBytes + 1], new byte[32]));
        using var same = new IdentityKey(identity.Bytes);
        Assert.Equal(identity.Recipient, same.Recipient);
        Assert.Equal(identity.Recipient.GetHashCode(), same.Recipient.GetHashCode());
    }
}
