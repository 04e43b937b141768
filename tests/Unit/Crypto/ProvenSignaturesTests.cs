using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class ProvenSignaturesTests : IDisposable
{
    private static readonly ContentHash Hash = ContentHash.Of("what is signed"u8);

    private readonly SigningKey _ann = SigningKey.Create();
    private readonly byte[] _signature = new byte[VerifyKey.SignatureBytes];

    public ProvenSignaturesTests() => _ann.Sign(Hash, _signature);

    public void Dispose() => _ann.Dispose();

    [Fact]
    public void What_was_valid_is_known_from_then_on()
    {
        var first = new ProvenSignatures(new HashSet<Id256>());
        Assert.True(first.Verify(_ann.Public, Hash, _signature));
        Assert.Equal((1, NameOf(_ann.Public, Hash, _signature)), (first.NewCount, Assert.Single(first.Seen)));

        var second = new ProvenSignatures(first.Seen.ToHashSet());
        Assert.True(second.Verify(_ann.Public, Hash, _signature));
        Assert.Equal((0, first.Seen.Single()), (second.NewCount, Assert.Single(second.Seen)));
    }

    [Fact]
    public void What_is_known_is_not_verified_again()
    {
        _signature[0] ^= 1;
        Assert.False(_ann.Public.Verify(Hash, _signature));
        Assert.True(new ProvenSignatures(new HashSet<Id256> { NameOf(_ann.Public, Hash, _signature) }).Verify(_ann.Public, Hash, _signature));
    }

    [Fact]
    public void Nothing_that_differs_in_a_bit_is_taken_for_it()
    {
        var proven = new ProvenSignatures(new HashSet<Id256> { NameOf(_ann.Public, Hash, _signature) });
        Span<byte> all = [.. _ann.Public.Value.ToArray(), .. Hash.Value.ToArray(), .. _signature];
        for (var bit = 0; bit < all.Length * 8; bit++)
        {
            all[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(proven.Verify(new VerifyKey(Id256.Read(all[..32])), new ContentHash(Id256.Read(all[32..64])), all[64..]), $"bit {bit}");
            all[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.False(proven.Verify(_ann.Public, Hash, _signature.AsSpan(1)));
        Assert.Empty(proven.Seen);
    }

    [Fact]
    public void What_many_ask_for_at_once_is_new_once()
    {
        var proven = new ProvenSignatures(new HashSet<Id256>());
        Parallel.For(0, 200, _ => Assert.True(proven.Verify(_ann.Public, Hash, _signature)));
        Assert.Equal((1, 1), (proven.NewCount, proven.Seen.Count));
    }

    private static Id256 NameOf(VerifyKey key, ContentHash hash, byte[] signature) => ContentHash.Of([.. key.Value.ToArray(), .. hash.Value.ToArray(), .. signature]).Value;
}
