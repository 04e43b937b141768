using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

internal static partial class RegisterChangeCodec
{
    private static MemberAdded ReadMember(CborMapReader reader)
    {
        MemberId? id = null;
        string? name = null;
        VerifyKey? signing = null;
        RecipientKey? sealing = null;
        MemberRoles? roles = null;
        DataSetId[]? dataSets = null;
        var mayRead = false;
        while (reader.NextKey(out var key, MayReadKey))
        {
            switch (key)
            {
                case 0: id = new MemberId(reader.ReadId()); break;
                case 1: name = reader.ReadText(); break;
                case 2: signing = ReadSigningKeys(reader); break;
                case 3: sealing = ReadRecipient(reader); break;
                case 4: roles = ReadRoles(reader); break;
                case 5: dataSets = reader.ReadArray(MaxListed, static item => new DataSetId(item.ReadId())); break;
                case MayReadKey: mayRead = true; reader.Check(reader.ReadUInt64() == 1, "the right to read is not marked by 1"); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var member = new MemberAdded(
            reader.Required(name, "the name"),
            reader.Required(signing, "the signing key"),
            reader.Required(sealing, "the sealing key"),
            reader.Required(roles, "the roles"),
            dataSets)
        {
            MayRead = mayRead,
        };
        reader.Check(member.Id == reader.Required(id, "the member id"), "a member's id is not that of its key");
        return member;
    }

    private static VerifyKey ReadSigningKeys(CborMapReader reader)
    {
        var keys = reader.ReadArray(2, static item =>
        {
            item.BeginTuple(2);
            var algorithm = item.ReadUInt64();
            if (algorithm != Ed25519)
            {
                throw item.Unsupported($"signature algorithm {algorithm}");
            }

            var key = new VerifyKey(item.ReadId());
            item.EndArray();
            return key;
        });
        reader.Check(keys.Length == 1, "a member has not one signing key");
        return keys[0];
    }

    private static MemberRoles ReadRoles(CborMapReader reader)
    {
        var roles = reader.ReadUInt64();
        return roles <= KnownRoles ? (MemberRoles)roles : throw reader.Unsupported($"roles {roles}");
    }

    private static RegisterNote ReadNote(CborMapReader reader)
    {
        string? text = null;
        while (reader.NextKey(out var key))
        {
            text = key == 0 ? reader.ReadText() : throw reader.UnknownKey(key);
        }

        return new RegisterNote(reader.Required(text, "the text"));
    }
}
