using System.IO.Hashing;
using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>What a pack is sealed and signed with. The keys stay their owner's.</summary>
public sealed record PackSealing
{
    public required VaultId Vault { get; init; }

    /// <summary>The epoch of <see cref="Recipient"/> and <see cref="IndexKey"/>.</summary>
    public required uint Epoch { get; init; }

    /// <summary>The vault's public key: the private one alone opens the frames.</summary>
    public required RecipientKey Recipient { get; init; }

    public required RootKey IndexKey { get; init; }

    public required SigningKey Writer { get; init; }

    public int PackSizeBytes { get; init; } = PackSize.DefaultBytes;
}

/// <summary>
/// Seals chunks into one pack, in one pooled buffer of the pack's size. A chunk gets its place first and is sealed in it; every frame is
/// opened again and compared with the checksum of what was to be sealed, since memory does err. A builder that threw, or is disposed before <see cref="Finish"/>, is abandoned: its
/// keys are wiped, its id and numbers are never used again. Not thread-safe.
/// </summary>
public sealed class PackBuilder : IDisposable
{
    private readonly PackSealing _sealing;
    private readonly BufferShelf? _opened;
    private readonly ObjectHeader _header;
    private readonly FrameSealer _sealer;
    private readonly FrameOpener _opener;
    private readonly XxHash3 _checksum = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<PackEntry> _entries;
    private OwnedBuffer? _buffer;
    private int _end = PackLayout.PrologueBytes;

    /// <param name="buffers">Where the pack's buffer comes from, and goes back to; a new one where there are none.</param>
    /// <param name="opened">Where frames are opened again; a new buffer for each where there are none.</param>
    /// <param name="expectedChunks">About how many it will hold.</param>
    /// <exception cref="KeyException">RecipientKeyInvalid.</exception>
    internal PackBuilder(PackSealing sealing, BufferShelf? buffers = null, BufferShelf? opened = null, int expectedChunks = 0)
    {
        if (sealing.PackSizeBytes is < PackSize.MinBytes or > PackSize.MaxBytes)
        {
            throw new ArgumentException($"A pack has {PackSize.MinBytes} to {PackSize.MaxBytes} bytes.", nameof(sealing));
        }

        _sealing = sealing;
        _opened = opened;
        _entries = new List<PackEntry>(expectedChunks);
        _header = new ObjectHeader(ObjectKind.Pack, sealing.Epoch, sealing.Vault, ObjectId.Random());
        _buffer = buffers?.Rent(sealing.PackSizeBytes) ?? OwnedBuffer.Rent(sealing.PackSizeBytes);
        var prologue = _buffer.Span[..PackLayout.PrologueBytes];
        _header.Write(prologue);
        Span<byte> secret = stackalloc byte[XWing.SecretBytes];
        try
        {
            sealing.Recipient.Encapsulate(prologue.Slice(PackLayout.KemAt, XWing.CiphertextBytes), secret);
            var key = new ObjectKey(secret, _header, SealPurpose.Pack);
            _sealer = new FrameSealer(key);
            _sealer.Commitment.CopyTo(prologue[PackLayout.CommitmentAt..]);
            _opener = FrameOpener.TryCreate(key, _sealer.Commitment, out var opener) ? opener : throw Misread(default);
        }
        catch
        {
            Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }

        Hash(prologue);
    }

    public PackId Id => new(_header.Object.Value);

    public int ChunkCount => _entries.Count;

    /// <summary>How many bytes of payload that many more chunks may have together; below zero where the pack does not take so many.</summary>
    internal int RoomFor(int chunks) => _entries.Count + chunks > PackLayout.MaxFrames
        ? -1
        : _sealing.PackSizeBytes - _end - (chunks * FrameSealer.TagBytes) - PackLayout.TableFramesBytesOf(_entries.Count + chunks) - PackLayout.TailBytes;

    /// <summary>Seals a chunk into its place, opens it again and compares its checksum.</summary>
    /// <returns>False, and nothing done, when the pack has no room for it.</returns>
    /// <exception cref="IntegrityException">SealVerificationFailed: this pack is lost, and the machine is not to be trusted.</exception>
    public bool TryAdd(in ChunkFrame frame, out PackPlace place)
    {
        if (!TryPlace(frame, out var entry))
        {
            place = default;
            return false;
        }

        Seal(entry, frame);
        _entries.Add(entry);
        _end += entry.FrameBytes;
        place = entry.Place;
        return true;
    }

    /// <summary>Table, signature, padding, tail. The builder is spent.</summary>
    /// <param name="isFull">Pad to the vault's pack size; otherwise only so far that the length gives away no more than its magnitude.</param>
    /// <returns>The pack, which the caller now owns.</returns>
    public FinishedPack Finish(bool isFull)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        if (_entries.Count == 0)
        {
            throw new InvalidOperationException("A pack holds at least one chunk.");
        }

        var least = _end + PackLayout.TableFramesBytesOf(_entries.Count) + PackLayout.TailBytes;
        var length = isFull ? _sealing.PackSizeBytes : (int)Math.Min(PackSize.Padme(least), _sealing.PackSizeBytes);
        var rest = _buffer.Span[_end..length];
        PackTableSealer.Seal(_sealing, _header, _entries, HashSoFar(), rest);
        Hash(rest);
        _buffer.Truncate(length);
        var pack = new FinishedPack(
            _buffer, new PackRecord(Id, new ContentHash(HashSoFar()), _sealing.Writer.Id, length, _entries.Count), _entries, _checksum.GetCurrentHashAsUInt64());
        _buffer = null;
        Dispose();
        return pack;
    }

    public void Dispose()
    {
        _sealer?.Dispose();
        _opener?.Dispose();
        _hash.Dispose();
        Interlocked.Exchange(ref _buffer, null)?.Dispose();
    }

    private bool TryPlace(in ChunkFrame frame, out PackEntry entry)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        if (frame.Payload.Length > PackSize.MaxPayloadBytes(_sealing.PackSizeBytes))
        {
            throw new ArgumentException($"No pack of {_sealing.PackSizeBytes} bytes takes a frame of {frame.Payload.Length}.", nameof(frame));
        }

        var frameBytes = frame.Payload.Length + FrameSealer.TagBytes;
        entry = new PackEntry(frame.Chunk, _entries.Count, _end, frameBytes, frame.PlainBytes, frame.Compression, frame.Sealing);
        if (frame.Payload.Length > RoomFor(1))
        {
            return false;
        }

        return entry.Objection(_sealing.PackSizeBytes) is { } objection ? throw new ArgumentException(objection, nameof(frame)) : true;
    }

    private void Seal(in PackEntry entry, in ChunkFrame frame)
    {
        Span<byte> claim = stackalloc byte[PackLayout.ClaimBytes];
        PackLayout.WriteClaim(entry, claim);
        var place = _buffer!.Span.Slice(entry.OffsetBytes, entry.FrameBytes);
        var number = _sealer.Seal(isLast: false, claim, frame.Payload, place);
        if (number != (ulong)entry.Frame)
        {
            throw new InvalidOperationException($"Frame {entry.Frame} of pack {Id} was sealed as number {number}: a builder that threw is not used again.");
        }

        // Hashed before it is opened: what changes in between does not open, and what changes later does not have this hash.
        Hash(place);
        using var opened = _opened?.Rent(frame.Payload.Length) ?? OwnedBuffer.Rent(frame.Payload.Length);
        try
        {
            _opener.Open(number, isLast: false, claim, place, opened.Span);
        }
        catch (IntegrityException reason)
        {
            throw Misread(entry.Chunk, reason);
        }

        if (XxHash3.HashToUInt64(opened.Span) != frame.Checksum)
        {
            throw Misread(entry.Chunk);
        }
    }

    private void Hash(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        _checksum.Append(bytes);
    }

    private Id256 HashSoFar()
    {
        Span<byte> hash = stackalloc byte[Id256.SizeBytes];
        _hash.GetCurrentHash(hash);
        return Id256.Read(hash);
    }

    /// <summary>The number of the bad frame is spent, so the pack cannot go on: it is abandoned with its keys.</summary>
    private IntegrityException Misread(ChunkId chunk, Exception? reason = null)
    {
        Dispose();
        return new IntegrityException(FaultCodes.SealVerificationFailed, $"Chunk {chunk}, just sealed into pack {Id}, does not open to what was read.", reason);
    }
}
