using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// A CBOR array of <c>[algorithm, member id, signature]</c> over a hash: at least one, none by one member twice. Signatures of other
/// algorithms, and by members that the directory does not know, count for nothing.
/// </summary>
public sealed class SignatureList
{
    public const int MaxSignatures = 32;

    private const int MaxSignatureBytes = 8000;
    private const int Ed25519 = 1;

    private readonly string _owner;
    private readonly Signature[] _signatures;

    private SignatureList(string owner, Signature[] signatures)
    {
        _owner = owner;
        _signatures = signatures;
    }

    /// <param name="signers">1 to 32.</param>
    public static byte[] Sign(ContentHash signed, params ReadOnlySpan<SigningKey> signers)
    {
        if (signers.Length is 0 or > MaxSignatures)
        {
            throw new ArgumentException("There are 1 to 32 signatures.", nameof(signers));
        }

        var writer = new CborMapWriter().BeginArray(signers.Length);
        Span<byte> signature = stackalloc byte[VerifyKey.SignatureBytes];
        foreach (var signer in signers)
        {
            signer.Sign(signed, signature);
            writer.BeginArray(3).UInt(Ed25519).Id(signer.Id.Value).Bytes(signature).EndArray();
        }

        return writer.EndArray().Encode();
    }

    /// <summary>Signatures that were made apart from each other.</summary>
    internal static byte[] Join(IReadOnlyList<(MemberId Member, ReadOnlyMemory<byte> Signature)> signatures)
    {
        var writer = new CborMapWriter().BeginArray(signatures.Count);
        foreach (var (member, signature) in signatures)
        {
            writer.BeginArray(3).UInt(Ed25519).Id(member.Value).Bytes(signature.Span).EndArray();
        }

        return writer.EndArray().Encode();
    }

    /// <summary>Reads the structure alone: nothing is verified yet.</summary>
    /// <param name="owner">What is signed, for messages.</param>
    /// <exception cref="IntegrityException">Malformed.</exception>
    public static SignatureList Parse(ReadOnlyMemory<byte> bytes, string owner)
    {
        var reader = new CborMapReader(bytes, $"signature list of {owner}");
        var signatures = reader.ReadArray(MaxSignatures, static item =>
        {
            item.BeginTuple(3);
            var signature = new Signature(item.ReadUInt64(), new MemberId(item.ReadId()), item.ReadBytes(MaxSignatureBytes));
            item.EndArray();
            return signature;
        });
        reader.Check(signatures.Length > 0, "there is none");
        reader.Check(signatures.DistinctBy(static signature => (signature.Algorithm, signature.Member)).Count() == signatures.Length, "one member signs twice");
        return new SignatureList(owner, signatures);
    }

    /// <summary>The known members whose signatures verify: at least one. Each known member's signature must.</summary>
    /// <exception cref="IntegrityException">SignatureInvalid: one does not verify, or none is by a known member.</exception>
    public IReadOnlyList<MemberEntry> Verify(ContentHash signed, IMemberDirectory members) => Verify(signed, members, proven: null);

    /// <param name="proven">Asked before, and told, what is valid.</param>
    /// <inheritdoc cref="Verify(ContentHash, IMemberDirectory)"/>
    internal IReadOnlyList<MemberEntry> Verify(ContentHash signed, IMemberDirectory members, ProvenSignatures? proven)
    {
        var verified = new List<MemberEntry>(_signatures.Length);
        foreach (var signature in _signatures)
        {
            if (signature.Algorithm != Ed25519 || members.Find(signature.Member) is not { } member)
            {
                continue;
            }

            if (!(proven?.Verify(member.Key, signed, signature.Value.Span) ?? member.Key.Verify(signed, signature.Value.Span)))
            {
                throw new IntegrityException(FaultCodes.SignatureInvalid, $"The signature of {member.Name} under {_owner} is not valid.");
            }

            verified.Add(member);
        }

        return verified.Count > 0
            ? verified
            : throw new IntegrityException(FaultCodes.SignatureInvalid, $"{_owner} is signed by nobody whom the vault knows.");
    }

    /// <summary>The first of the signers who has the right.</summary>
    /// <exception cref="IntegrityException">SignatureInvalid, SignerNotEntitled.</exception>
    public MemberEntry Verify(ContentHash signed, IMemberDirectory members, MemberRoles role)
    {
        var signers = Verify(signed, members);
        return signers.FirstOrDefault(member => member.Has(role))
            ?? throw new IntegrityException(
                FaultCodes.SignerNotEntitled,
                $"{_owner} is signed by {string.Join(", ", signers.Select(static signer => signer.Name))}; it takes the right of a {role}.");
    }

    private readonly record struct Signature(ulong Algorithm, MemberId Member, ReadOnlyMemory<byte> Value);
}
