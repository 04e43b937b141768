using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>The next entry of a register before it is signed.</summary>
/// <param name="Unsigned">Header, length and body: what the signatures are over.</param>
internal sealed record RegisterDraft(RegisterEntry Entry, ReadOnlyMemory<byte> Unsigned)
{
    internal ChangeId Id => new(ContentHash.Of(Unsigned.Span));

    internal ReadOnlyMemory<byte> Body => SignedObject.BodyOf(Unsigned);

    internal static RegisterDraft Of(RegisterState state, IReadOnlyList<RegisterChange> changes, Timestamp time)
    {
        var entry = new RegisterEntry(state.Head.Number + 1, state.Head.Hash, time, [], changes);
        var header = new ObjectHeader(ObjectKind.RegisterEntry, 0, state.Vault, ObjectId.Random());
        return new RegisterDraft(entry, SignedObject.Unsigned(header, RegisterCodec.Encode(entry)));
    }

    /// <exception cref="Faults.IntegrityException">Malformed, ObjectMisplaced.</exception>
    /// <exception cref="Faults.VaultException">UnsupportedFormat.</exception>
    internal static RegisterDraft Read(ReadOnlyMemory<byte> unsigned, VaultId vault)
    {
        ObjectHeader.Read(unsigned.Span).Expect(ObjectKind.RegisterEntry, vault);
        return new RegisterDraft(RegisterCodec.Decode(SignedObject.BodyOf(unsigned), "pending change"), unsigned);
    }

    /// <summary>Nobody signs what nobody could be shown: changes and keys that may be passed over when an entry is read are none the less signed with it.</summary>
    /// <exception cref="Faults.VaultException">UnsupportedFormat.</exception>
    internal void RequireKnown()
    {
        if (!RegisterCodec.Encode(Entry).AsSpan().SequenceEqual(Body.Span))
        {
            throw new Faults.VaultException(Faults.FaultCodes.UnsupportedFormat, $"The change {Id} holds more than this version knows, so it cannot show all that would be signed.");
        }
    }

    internal (MemberId Member, ReadOnlyMemory<byte> Signature) SignAs(SigningKey owner)
    {
        var signature = new byte[VerifyKey.SignatureBytes];
        owner.Sign(Id.Entry, signature);
        return (owner.Id, signature);
    }

    /// <summary>The whole object, ready to be stored.</summary>
    internal ReadOnlyMemory<byte> Signed(IReadOnlyList<(MemberId Member, ReadOnlyMemory<byte> Signature)> signatures) =>
        (byte[])[.. Unsigned.Span, .. SignatureList.Join(signatures)];
}
