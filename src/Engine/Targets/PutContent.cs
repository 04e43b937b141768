using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>What a put was given, proved against its announced length and checksum on the way to the store.</summary>
public sealed class PutContent(ObjectName name, Stream content, PutOptions options)
{
    /// <summary>Few pieces for a pack that is copied: between two of them the way leads through the thread pool, whose threads are busy with chunks.</summary>
    private const int MaxBufferBytes = 4 * 1024 * 1024;

    private ContentHash? _hash = options.Sha256;

    /// <summary>True while the caller's stream is being read: an error then is the caller's, not the store's, and is passed on unchanged.</summary>
    public bool IsReading { get; private set; }

    public long LengthBytes { get; } = content.Length;

    public void ThrowIfLongerThan(long maxBytes)
    {
        if (LengthBytes > maxBytes)
        {
            throw new TargetException(TargetFault.Unsupported, $"'{name}' has {LengthBytes} bytes; this target takes at most {maxBytes}.");
        }
    }

    /// <summary>For before anything is sent: a lock or hold that the target does not declare.</summary>
    public void ThrowIfLockNotKept(TargetCapabilities capabilities)
    {
        if ((options.Lock is { } asked && !capabilities.LockModes.HasFlag((LockModes)asked.Mode)) || (options.LegalHold && !capabilities.LegalHold))
        {
            throw new TargetException(TargetFault.LockNotKept, $"'{name}' cannot be kept as it was asked for: this target keeps the lock modes <{capabilities.LockModes}> and {(capabilities.LegalHold ? "" : "no ")}legal holds.");
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
            throw WrongLength(copied);
        }

        if (hash is not null && options.Sha256 is { } expected && new ContentHash(Id256.Read(hash.GetHashAndReset())) != expected)
        {
            throw Mismatch($"'{name}' does not have the announced SHA-256 {expected}.");
        }
    }

    /// <summary>
    /// The content as a client library wants it, from position 0 on as often as it likes. A content that ends early or goes on too long throws
    /// <see cref="IntegrityException"/> before its last byte is handed out, so that no store ever has the whole of it. The checksum is the store's to prove.
    /// </summary>
    public Stream AsStream()
    {
        content.Position = 0;
        return new PutContentStream(this);
    }

    /// <summary>The announced SHA-256, or the one that the content has.</summary>
    public async ValueTask<ContentHash> HashAsync(CancellationToken cancellationToken) => _hash ??= await ReadHashAsync(cancellationToken);

    /// <summary>What it means that the store found another checksum than it was told: the content is not what was announced, or the way to the store changed it.</summary>
    public async ValueTask<Exception> JudgeAsync(TargetException refusal, CancellationToken cancellationToken)
    {
        var expected = await HashAsync(cancellationToken);
        return await ReadHashAsync(cancellationToken) == expected
            ? new TargetException(TargetFault.Garbled, $"'{name}' was changed on the way to the store: {refusal.Message}", refusal)
            : Mismatch($"'{name}' does not have the announced SHA-256 {expected}.", refusal);
    }

    /// <summary>The whole content where it lies in memory that does not move, and its checksum is not to be proved; else nothing.</summary>
    internal unsafe ReadOnlySpan<byte> InMemory
    {
        get
        {
            if (options.Sha256 is not null || content is not UnmanagedMemoryStream memory)
            {
                return default;
            }

            memory.Position = 0;
            return new ReadOnlySpan<byte>(memory.PositionPointer, checked((int)memory.Length));
        }
    }

    internal void Rewind(long position) => content.Position = position;

    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        IsReading = true;
        var count = await content.ReadAsync(buffer, cancellationToken);
        IsReading = false;
        return count;
    }

    internal int Read(Span<byte> buffer)
    {
        IsReading = true;
        var count = content.Read(buffer);
        IsReading = false;
        return count;
    }

    internal IntegrityException WrongLength(long found) =>
        Mismatch($"'{name}' was announced with {LengthBytes} bytes and had {(found < LengthBytes ? found : "more")}.");

    private async ValueTask<ContentHash> ReadHashAsync(CancellationToken cancellationToken)
    {
        await using var bytes = AsStream();
        return new ContentHash(Id256.Read(await SHA256.HashDataAsync(bytes, cancellationToken)));
    }

    private static IntegrityException Mismatch(string message, Exception? inner = null) => new(FaultCodes.ContentMismatch, message, inner);
}
