using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>Checks the signatures of one member: 32 bytes of Ed25519 public key.</summary>
public readonly record struct VerifyKey(Id256 Value)
{
    public const int SignatureBytes = 64;

    /// <summary>SHA-256 of the public key.</summary>
    public MemberId Id
    {
        get
        {
            Span<byte> bytes = stackalloc byte[Id256.SizeBytes];
            Value.CopyTo(bytes);
            return new MemberId(ContentHash.Of(bytes).Value);
        }
    }

    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => Verify(ContentHash.Of(message), signature);

    public bool Verify(ContentHash hash, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureBytes)
        {
            return false;
        }

        Span<byte> input = stackalloc byte[SigningKey.InputBytes];
        SigningKey.WriteInput(hash, input);
        Span<byte> publicKey = stackalloc byte[Id256.SizeBytes];
        Value.CopyTo(publicKey);
        return Sodium.Ed25519Verify(signature, input, (ulong)input.Length, publicKey) == 0;
    }

    public override string ToString() => Value.ToString();
}

/// <summary>
/// Signs as one member: a 32-byte Ed25519 seed. What is signed is always "sb1/sign" ‖ SHA-256(stored bytes), so that a signature made here
/// means nothing anywhere else.
/// </summary>
public sealed class SigningKey : SecretKey
{
    internal const int InputBytes = 8 + Id256.SizeBytes;

    private const int ExpandedBytes = 64;

    private readonly byte[] _expanded = GC.AllocateUninitializedArray<byte>(ExpandedBytes, pinned: true);

    public SigningKey(ReadOnlySpan<byte> seed)
        : base(seed)
    {
        Span<byte> publicKey = stackalloc byte[Id256.SizeBytes];
        _ = Sodium.Ed25519KeyPair(publicKey, _expanded, Bytes);
        Public = new VerifyKey(Id256.Read(publicKey));
    }

    public VerifyKey Public { get; }

    public MemberId Id => Public.Id;

    public static SigningKey Create()
    {
        Span<byte> seed = stackalloc byte[SizeBytes];
        RandomNumberGenerator.Fill(seed);
        var key = new SigningKey(seed);
        CryptographicOperations.ZeroMemory(seed);
        return key;
    }

    /// <param name="signature">64 bytes.</param>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature) => Sign(ContentHash.Of(message), signature);

    /// <param name="hash">Of the bytes to sign.</param>
    /// <param name="signature">64 bytes.</param>
    public void Sign(ContentHash hash, Span<byte> signature)
    {
        Length.MustBe(VerifyKey.SignatureBytes, signature);
        ThrowIfDisposed();
        Span<byte> input = stackalloc byte[InputBytes];
        WriteInput(hash, input);
        _ = Sodium.Ed25519Sign(signature, 0, input, InputBytes, _expanded);
    }

    internal static void WriteInput(ContentHash hash, Span<byte> input)
    {
        "sb1/sign"u8.CopyTo(input);
        hash.Value.CopyTo(input[8..]);
    }

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(_expanded);
        base.Dispose(disposing);
    }
}
