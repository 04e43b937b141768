using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>One owner's signature under an entry of the register that is to be. Each owner who signs stores one; together they are a change that waits.</summary>
/// <param name="Owner">Who signed, the proposal and the entry.</param>
internal sealed record Proposal(ObjectId Id, MemberEntry Owner, Timestamp Time, RegisterDraft Draft, ReadOnlyMemory<byte> Signature)
{
    /// <summary>An entry, its frame and two signatures.</summary>
    internal const int MaxBytes = RegisterCodec.MaxEntryBytes + 16_384;

    /// <summary>Signs and stores. A crash before it leaves nothing; the change itself never depends on it.</summary>
    internal static async Task<Proposal> WriteAsync(UnlockedVault vault, RegisterDraft draft, CancellationToken cancellationToken)
    {
        var header = vault.NewHeader(ObjectKind.PendingChange, isSealed: false);
        var signature = draft.SignAs(vault.SelfKey).Signature;
        var writer = new CborMapWriter().BeginMap(4).Key(0);
        vault.Register.Head.Write(writer);
        var now = vault.Now;
        var body = writer.Key(1).Time(now).Key(2).Bytes(draft.Unsigned.Span).Key(3).Bytes(signature.Span).EndMap().Encode();
        await vault.Store.PutAsync(ObjectNames.Proposal(header.Object), SignedObject.Build(header, body, vault.SelfKey), cancellationToken);
        return new Proposal(header.Object, vault.Register.Find(vault.Self)!, now, draft, signature);
    }

    /// <exception cref="IntegrityException">What is no proposal of an owner, or holds another signature than the owner's.</exception>
    internal static Proposal Read(StoredObject stored, UnlockedVault vault)
    {
        var (signed, owner) = SignedObject.Open(stored.Bytes, vault.Register, MemberRoles.Owner);
        signed.Header.Expect(
            ObjectKind.PendingChange, vault.Id, ObjectNames.TryParseId(stored.Name, ObjectNames.Proposals, out var id) ? new ObjectId(id) : null);
        RegisterHead? head = null;
        Timestamp? time = null;
        ReadOnlyMemory<byte>? unsigned = null;
        ReadOnlyMemory<byte>? signature = null;
        var reader = CborMapReader.OfMap(signed.Body, $"pending change {signed.Header.Object}");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: head = RegisterHead.Read(reader); break;
                case 1: time = reader.ReadTime(); break;
                case 2: unsigned = reader.ReadBytes(RegisterCodec.MaxEntryBytes); break;
                case 3: signature = reader.ReadExactBytes(VerifyKey.SignatureBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        reader.Required(head, "the register head");
        var draft = RegisterDraft.Read(reader.Required(unsigned, "the entry"), vault.Id);
        if (owner.IsRevoked || !owner.Key.Verify(draft.Id.Entry, reader.Required(signature, "the signature").Span))
        {
            throw new IntegrityException(FaultCodes.SignatureInvalid, $"The signature of {owner.Name} under the change in {signed.Header.Object} is not valid.");
        }

        return new Proposal(signed.Header.Object, owner, reader.Required(time, "the time"), draft, signature!.Value);
    }
}
