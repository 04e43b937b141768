using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>The signatures at a segment's end, over header ‖ commitment ‖ footer frames; these hold the hash of every page.</summary>
internal static class SegmentSignatures
{
    private const int Ed25519 = 1;
    private const int MaxSignatureBytes = 8000;

    internal static byte[] Sign(SigningKey signer, ContentHash signed)
    {
        Span<byte> signature = stackalloc byte[VerifyKey.SignatureBytes];
        signer.Sign(signed, signature);
        return new CborMapWriter().BeginArray(1)
            .BeginArray(3).UInt(Ed25519).Id(signer.Id.Value).Bytes(signature).EndArray()
            .EndArray().Encode();
    }

    /// <summary>The first signer with the right to index segments. Every signature of a known member must verify.</summary>
    /// <exception cref="IntegrityException">Malformed, SignatureInvalid, SignerNotEntitled.</exception>
    internal static MemberEntry Verify(ReadOnlyMemory<byte> bytes, ContentHash signed, IMemberDirectory members, ObjectId segment)
    {
        var reader = new CborMapReader(bytes, $"signature list of index segment {segment}");
        var known = new List<MemberEntry>();
        for (var left = reader.BeginArray(SignedObject.MaxSignatures); left > 0; left--)
        {
            reader.BeginTuple(3);
            var algorithm = reader.ReadUInt64();
            var member = members.Find(new MemberId(reader.ReadId()));
            var signature = reader.ReadBytes(MaxSignatureBytes);
            reader.EndArray();
            if (algorithm != Ed25519 || member is null)
            {
                continue;
            }

            if (!member.Key.Verify(signed, signature.Span))
            {
                throw new IntegrityException(FaultCodes.SignatureInvalid, $"The signature of {member.Name} under index segment {segment} is not valid.");
            }

            known.Add(member);
        }

        reader.EndArray();
        if (known.Count == 0)
        {
            throw new IntegrityException(FaultCodes.SignatureInvalid, $"Index segment {segment} is signed by nobody whom the vault knows.");
        }

        return known.Find(static member => member.Has(MemberRoles.Writer | MemberRoles.Maintainer))
            ?? throw new IntegrityException(FaultCodes.SignerNotEntitled, $"Index segment {segment} is signed by {known[0].Name}, who may not write the index.");
    }
}
