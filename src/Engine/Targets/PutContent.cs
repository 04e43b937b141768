using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>What a put was given, read once from its start and proved against its announced length and checksum on the way.</summary>
internal sealed class PutContent(ObjectName name, Stream content, PutOptions options)
{
    /// <summary>A pack goes in few pieces: between two of them the way leads through the thread pool, whose threads are busy with chunks.</summary>
    private const int MaxBufferBytes = 4 * 1024 * 1024;

    /// <summary>True while the caller's stream is being read: an error then is the caller's, not the store's.</summary>
    public bool IsReading { get; private set; }

    public long LengthBytes { get; } = content.Length;

    public void ThrowIfLongerThan(long maxBytes)
    {
        if (LengthBytes > maxBytes)
        {
            throw new TargetException(TargetFault.Unsupported, $"'{name}' has {LengthBytes} bytes; this target takes at most {maxBytes}.");
        }
    }

    /// <exception cref="IntegrityException">The bytes are not those announced; what was written so far must not be kept.</exception>
    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        content.Position = 0;
        using var hash = options.Sha256 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var buffer = OwnedBuffer.Rent((int)Math.Clamp(LengthBytes, 1, MaxBufferBytes));
        var copied = 0L;
        while (copied <= LengthBytes && await ReadAsync(buffer.Memory, cancellationToken) is > 0 and var count)
        {
            var piece = buffer.Memory[..count];
            hash?.AppendData(piece.Span);
            await destination.WriteAsync(piece, cancellationToken);
            copied += count;
        }

        if (copied != LengthBytes)
        {
            throw Mismatch($"'{name}' was announced with {LengthBytes} bytes and had {(copied < LengthBytes ? copied : "more")}.");
        }

        if (hash is not null && options.Sha256 is { } expected && new ContentHash(Id256.Read(hash.GetHashAndReset())) != expected)
        {
            throw Mismatch($"'{name}' does not have the announced SHA-256 {expected}.");
        }
    }

    private static IntegrityException Mismatch(string message) => new(FaultCodes.ContentMismatch, message);

    private async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        IsReading = true;
        var count = await content.ReadAsync(buffer, cancellationToken);
        IsReading = false;
        return count;
    }
}
