using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class KemEnvelopeTests
{
    private static readonly ObjectHeader Header = new(ObjectKind.RegisterEntry, 7, new VaultId(Id256.Random()), ObjectId.Random());

    [Fact]
    public void What_is_sealed_to_a_recipient_opens_with_its_identity_alone()
    {
        using var identity = IdentityKey.Create();
        using var stranger = IdentityKey.Create();
        var envelope = KemEnvelope.Seal(identity.Recipient, Header, SealPurpose.Grant, "epoch key"u8);

        using var opened = KemEnvelope.TryOpen(identity, Header, SealPurpose.Grant, envelope, 100);
        Assert.Equal("epoch key"u8, opened!.Span);
        Assert.Null(KemEnvelope.TryOpen(stranger, Header, SealPurpose.Grant, envelope, 100));
    }

    [Fact]
    public void It_opens_for_no_other_purpose()
    {
        using var identity = IdentityKey.Create();
        var envelope = KemEnvelope.Seal(identity.Recipient, Header, SealPurpose.Grant, "epoch key"u8);
        Assert.Null(KemEnvelope.TryOpen(identity, Header, SealPurpose.Bundle, envelope, 100));
    }

    [Fact]
    public void No_flipped_bit_goes_unnoticed()
    {
        using var identity = IdentityKey.Create();
        var envelope = KemEnvelope.Seal(identity.Recipient, Header, SealPurpose.Grant, "epoch key"u8);
        for (var bit = 0; bit < envelope.Length * 8; bit += bit < XWing.CiphertextBytes * 8 ? 11 : 1)
        {
            envelope[bit / 8] ^= (byte)(1 << (bit % 8));
            OwnedBuffer? opened = null;
            try
            {
                opened = KemEnvelope.TryOpen(identity, Header, SealPurpose.Grant, envelope, 100);
            }
            catch (IntegrityException refused)
            {
                Assert.Same(FaultCodes.FrameTampered, refused.Code);
            }

            Assert.Null(opened);
            envelope[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_cut_envelope_is_refused()
    {
        using var identity = IdentityKey.Create();
        var envelope = KemEnvelope.Seal(identity.Recipient, Header, SealPurpose.Grant, default);
        foreach (var length in new[] { 0, XWing.CiphertextBytes - 1, XWing.CiphertextBytes, envelope.Length - 1 })
        {
            var refused = Assert.Throws<IntegrityException>(
                () => KemEnvelope.TryOpen(identity, Header, SealPurpose.Grant, envelope.AsSpan(0, length), 100));
            Assert.Same(FaultCodes.FrameTampered, refused.Code);
        }
    }

    [Fact]
    public void A_public_key_that_is_none_is_named()
    {
        var bytes = new byte[XWing.PublicBytes];
        bytes.AsSpan().Fill(0xff);
        var refused = Assert.Throws<KeyException>(() => KemEnvelope.Seal(new RecipientKey(bytes), Header, SealPurpose.Grant, "x"u8));
        Assert.Same(FaultCodes.RecipientKeyInvalid, refused.Code);
    }

    [Fact]
    public void A_low_order_curve_point_is_refused_on_both_sides()
    {
        using var identity = IdentityKey.Create();
        var weak = identity.Recipient.Bytes.ToArray();
        weak.AsSpan(XWing.PublicBytes - 32).Clear();
        Assert.Throws<KeyException>(() => KemEnvelope.Seal(new RecipientKey(weak), Header, SealPurpose.Grant, "x"u8));

        var envelope = KemEnvelope.Seal(identity.Recipient, Header, SealPurpose.Grant, "x"u8);
        envelope.AsSpan(XWing.CiphertextBytes - 32, 32).Clear();
        Assert.Null(KemEnvelope.TryOpen(identity, Header, SealPurpose.Grant, envelope, 100));
    }
}
