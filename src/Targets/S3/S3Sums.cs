using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.S3;

/// <summary>The sums of a body, as headers want them, from one reading.</summary>
/// <param name="Md5">Null where it is not sent.</param>
internal sealed record S3Sums(string Sha256, string? Md5)
{
    private const int BufferBytes = 1 << 20;

    /// <param name="whole">Goes on over the parts of one object.</param>
    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "It is what the store compares the body with.")]
    public static async Task<S3Sums> OfAsync(Stream body, bool withMd5, IncrementalHash? whole, CancellationToken cancellationToken)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var md5 = withMd5 ? IncrementalHash.CreateHash(HashAlgorithmName.MD5) : null;
        using var buffer = OwnedBuffer.Rent((int)Math.Clamp(body.Length, 1, BufferBytes));
        body.Position = 0;
        while (await body.ReadAsync(buffer.Memory, cancellationToken) is > 0 and var count)
        {
            var piece = buffer.Memory[..count];
            sha256.AppendData(piece.Span);
            md5?.AppendData(piece.Span);
            whole?.AppendData(piece.Span);
        }

        return new S3Sums(Convert.ToBase64String(sha256.GetHashAndReset()), md5 is null ? null : Convert.ToBase64String(md5.GetHashAndReset()));
    }

    public static string Header(ContentHash hash)
    {
        Span<byte> bytes = stackalloc byte[Id256.SizeBytes];
        hash.Value.CopyTo(bytes);
        return Convert.ToBase64String(bytes);
    }
}
