using System.Buffers;
using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>What a put was given, read once from its start and proved against its announced length and checksum on the way.</summary>
internal sealed class PutContent(ObjectName name, Stream content, PutOptions options)
{
    private const int BufferBytes = 128 * 1024;

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
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var copied = 0L;
            while (copied <= LengthBytes && await ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                hash?.AppendData(buffer, 0, count);
                await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                copied += count;
            }

            if (copied != LengthBytes)
            {
                throw Mismatch($"'{name}' was announced with {LengthBytes} bytes and had {(copied < LengthBytes ? copied : "more")}.");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (hash is not null && options.Sha256 is { } expected && new ContentHash(Id256.Read(hash.GetHashAndReset())) != expected)
        {
            throw Mismatch($"'{name}' does not have the announced SHA-256 {expected}.");
        }
    }

    private static IntegrityException Mismatch(string message) => new(FaultCodes.ContentMismatch, message);

    private async ValueTask<int> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        IsReading = true;
        var count = await content.ReadAsync(buffer.AsMemory(0, BufferBytes), cancellationToken);
        IsReading = false;
        return count;
    }
}
