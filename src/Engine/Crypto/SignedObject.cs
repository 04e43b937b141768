using System.Buffers.Binary;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// header (80) ‖ body length u32 LE ‖ body ‖ signatures, a <see cref="SignatureList"/> up to the end.
/// The signatures are over the stored bytes before them, never over a re-encoding.
/// </summary>
public sealed class SignedObject
{
    public const int MaxBodyBytes = 16 * 1024 * 1024;
    public const int MaxSignatures = SignatureList.MaxSignatures;

    /// <summary>Nothing longer is a signed object; a bound for readers.</summary>
    public const int MaxBytes = MaxBodyBytes + BodyAt + (MaxSignatures * 8192);

    private const int BodyAt = ObjectHeader.SizeBytes + sizeof(uint);

    private readonly ContentHash _signedHash;
    private readonly SignatureList _signatures;

    private SignedObject(ReadOnlyMemory<byte> bytes, int bodyBytes)
    {
        Header = ObjectHeader.Read(bytes.Span);
        Body = bytes.Slice(BodyAt, bodyBytes);
        Hash = ContentHash.Of(bytes.Span);
        LengthBytes = bytes.Length;
        _signedHash = ContentHash.Of(bytes.Span[..(BodyAt + bodyBytes)]);
        _signatures = SignatureList.Parse(bytes[(BodyAt + bodyBytes)..], $"{Header.Kind} {Header.Object}");
    }

    public ObjectHeader Header { get; }

    /// <summary>A CBOR map. Nothing in it counts before a signature was verified.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Over all stored bytes: what other objects name this one by.</summary>
    public ContentHash Hash { get; }

    public int LengthBytes { get; }

    /// <summary>The object's bytes, ready to be stored.</summary>
    /// <param name="signers">At least one.</param>
    public static byte[] Build(in ObjectHeader header, ReadOnlySpan<byte> body, params ReadOnlySpan<SigningKey> signers)
    {
        if (signers.Length is 0 or > MaxSignatures)
        {
            throw new ArgumentException("A signed object has 1 to 32 signatures.", nameof(signers));
        }

        var signed = Unsigned(header, body);
        return [.. signed, .. SignatureList.Sign(ContentHash.Of(signed), signers)];
    }

    /// <summary>What signatures are over: everything before them.</summary>
    internal static byte[] Unsigned(in ObjectHeader header, ReadOnlySpan<byte> body)
    {
        if (body.Length > MaxBodyBytes)
        {
            throw new ArgumentException("A signed object has at most 16 MiB.", nameof(body));
        }

        var signed = new byte[BodyAt + body.Length];
        header.Write(signed);
        BinaryPrimitives.WriteUInt32LittleEndian(signed.AsSpan(ObjectHeader.SizeBytes), (uint)body.Length);
        body.CopyTo(signed.AsSpan(BodyAt));
        return signed;
    }

    /// <summary>The body of what <see cref="Unsigned"/> gave.</summary>
    /// <exception cref="IntegrityException">NotAnObject, Malformed.</exception>
    internal static ReadOnlyMemory<byte> BodyOf(ReadOnlyMemory<byte> unsigned)
    {
        var header = ObjectHeader.Read(unsigned.Span);
        return unsigned.Length >= BodyAt && BinaryPrimitives.ReadUInt32LittleEndian(unsigned.Span[ObjectHeader.SizeBytes..]) == unsigned.Length - BodyAt
            ? unsigned[BodyAt..]
            : throw new IntegrityException(FaultCodes.Malformed, $"{header.Kind} {header.Object} is cut short, or something follows it.");
    }

    /// <summary>Reads the structure alone: nothing is verified yet.</summary>
    /// <exception cref="IntegrityException">NotAnObject, Malformed.</exception>
    /// <exception cref="VaultException">UnsupportedFormat.</exception>
    public static SignedObject Parse(ReadOnlyMemory<byte> bytes)
    {
        var header = ObjectHeader.Read(bytes.Span);
        var bodyBytes = bytes.Length >= BodyAt ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[ObjectHeader.SizeBytes..]) : uint.MaxValue;
        return bodyBytes <= MaxBodyBytes && bodyBytes <= bytes.Length - BodyAt
            ? new SignedObject(bytes, (int)bodyBytes)
            : throw new IntegrityException(FaultCodes.Malformed, $"{header.Kind} {header.Object} is cut short, or longer than allowed.");
    }

    /// <summary>Reads and verifies an object that one member with the right <paramref name="role"/> must have signed.</summary>
    /// <returns>The object, and its first signer who has that right.</returns>
    /// <exception cref="IntegrityException">NotAnObject, Malformed, SignatureInvalid, SignerNotEntitled.</exception>
    /// <exception cref="VaultException">UnsupportedFormat.</exception>
    public static (SignedObject Object, MemberEntry Signer) Open(ReadOnlyMemory<byte> bytes, IMemberDirectory members, MemberRoles role)
    {
        var signed = Parse(bytes);
        return (signed, signed._signatures.Verify(signed._signedHash, members, role));
    }

    /// <summary>The known members whose signatures verify: at least one. Each known member's signature must.</summary>
    /// <exception cref="IntegrityException">SignatureInvalid: one does not verify, or none is by a known member.</exception>
    public IReadOnlyList<MemberEntry> Verify(IMemberDirectory members) => Verify(members, proven: null);

    /// <param name="proven">Asked before, and told, what is valid.</param>
    /// <inheritdoc cref="Verify(IMemberDirectory)"/>
    internal IReadOnlyList<MemberEntry> Verify(IMemberDirectory members, ProvenSignatures? proven) => _signatures.Verify(_signedHash, members, proven);
}
