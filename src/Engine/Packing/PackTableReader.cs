using System.Buffers.Binary;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>
/// Reads what a pack holds, with the index key alone, from its end: first the tail, which locates the table, then the table. So a lost index
/// is rebuilt without the private key. Every number is checked before it is used. Not thread-safe.
/// </summary>
public sealed class PackTableReader : IDisposable
{
    /// <summary>How much of a pack's end <see cref="Open"/> wants.</summary>
    public const int TailBytes = PackLayout.TailBytes;

    private readonly ObjectHeader _header;
    private readonly FrameOpener _opener;
    private readonly long _packBytes;

    private PackTableReader(in ObjectHeader header, FrameOpener opener, long packBytes, ReadOnlySpan<byte> sealedLocator)
    {
        _header = header;
        _opener = opener;
        _packBytes = packBytes;
        Locator = ReadLocator(sealedLocator);
    }

    public PackLocator Locator { get; }

    public PackId Id => new(_header.Object.Value);

    /// <param name="header">As <see cref="PackReader.ReadHeader"/> gave it.</param>
    /// <param name="indexKey">Of the header's epoch.</param>
    /// <param name="tail">The pack's last <see cref="TailBytes"/> bytes.</param>
    /// <param name="packBytes">The pack's length as stored.</param>
    /// <exception cref="IntegrityException">PackMalformed, PackSealBroken, FrameTampered.</exception>
    public static PackTableReader Open(in ObjectHeader header, RootKey indexKey, ReadOnlySpan<byte> tail, long packBytes)
    {
        if (packBytes is < PackLayout.PrologueBytes + PackLayout.TailBytes or > PackSize.MaxBytes || tail.Length != TailBytes)
        {
            throw new IntegrityException(FaultCodes.PackMalformed, $"Pack {header.Object} has {packBytes} bytes, which no pack has.");
        }

        if (!FrameOpener.TryCreate(new ObjectKey(indexKey.Bytes, header, SealPurpose.Table), tail[..ObjectKey.CommitmentBytes], out var opener))
        {
            throw new IntegrityException(FaultCodes.PackSealBroken, $"The table of pack {header.Object} does not open with the index key of epoch {header.Epoch}.");
        }

        try
        {
            return new PackTableReader(header, opener, packBytes, tail[ObjectKey.CommitmentBytes..]);
        }
        catch
        {
            opener.Dispose();
            throw;
        }
    }

    /// <param name="tableFrames">The bytes at <see cref="PackLocator.TableRange"/>.</param>
    /// <exception cref="IntegrityException">FrameTampered, PackMalformed, SignatureInvalid, SignerNotEntitled.</exception>
    /// <exception cref="VaultException">UnsupportedFormat.</exception>
    public PackTable ReadTable(ReadOnlySpan<byte> tableFrames, IMemberDirectory members)
    {
        if (tableFrames.Length != Locator.TableFramesBytes)
        {
            throw new ArgumentException($"The table has {Locator.TableFramesBytes} bytes.", nameof(tableFrames));
        }

        // The signature covers the header, so the header stands before the table here.
        using var buffer = OwnedBuffer.Rent(ObjectHeader.SizeBytes + PackLayout.TableBytesOf(Locator.ChunkCount));
        _header.Write(buffer.Span);
        var table = buffer.Span[ObjectHeader.SizeBytes..];
        OpenFrames(tableFrames, table);
        var trailer = table[^PackLayout.TableTrailerBytes..];
        var writer = RequireWriter(new MemberId(Id256.Read(trailer.Slice(Id256.SizeBytes, Id256.SizeBytes))), members);
        if (!writer.Key.Verify(buffer.Span[..^VerifyKey.SignatureBytes], trailer[^VerifyKey.SignatureBytes..]))
        {
            throw new IntegrityException(FaultCodes.SignatureInvalid, $"The signature of {writer.Name} under the table of pack {Id} is not valid.");
        }

        Require(BinaryPrimitives.ReadUInt32LittleEndian(table) == (uint)Locator.ChunkCount, "table and locator count differently");
        return new PackTable(Id, writer, Id256.Read(trailer[..Id256.SizeBytes]), ReadEntries(table[sizeof(uint)..]));
    }

    public void Dispose() => _opener.Dispose();

    private PackLocator ReadLocator(ReadOnlySpan<byte> sealedLocator)
    {
        Span<byte> plain = stackalloc byte[PackLayout.LocatorBytes];
        _opener.Open(0, isLast: false, claim: default, sealedLocator, plain);
        var framesEnd = BinaryPrimitives.ReadUInt32LittleEndian(plain);
        var tableBytes = BinaryPrimitives.ReadUInt32LittleEndian(plain[4..]);
        var chunks = BinaryPrimitives.ReadUInt32LittleEndian(plain[8..]);
        Require(chunks is > 0 and <= PackLayout.MaxFrames, $"the locator counts {chunks} chunks");
        Require(BinaryPrimitives.ReadUInt32LittleEndian(plain[12..]) == 0, "the locator's reserved field is set");
        Require(
            framesEnd >= PackLayout.PrologueBytes && tableBytes == PackLayout.TableFramesBytesOf((int)chunks)
                && (long)framesEnd + tableBytes <= _packBytes - TailBytes,
            $"the locator points to {tableBytes} bytes at {framesEnd}");
        return new PackLocator((int)framesEnd, (int)tableBytes, (int)chunks);
    }

    private void OpenFrames(ReadOnlySpan<byte> frames, Span<byte> table)
    {
        for (ulong frame = 1; !table.IsEmpty; frame++)
        {
            var length = Math.Min(table.Length, SealedBlob.FramePlainBytes);
            _opener.Open(frame, isLast: length == table.Length, claim: default, frames[..(length + FrameSealer.TagBytes)], table[..length]);
            frames = frames[(length + FrameSealer.TagBytes)..];
            table = table[length..];
        }
    }

    private MemberEntry RequireWriter(MemberId id, IMemberDirectory members)
    {
        var writer = members.Find(id)
            ?? throw new IntegrityException(FaultCodes.SignatureInvalid, $"Pack {Id} is signed by nobody whom the vault knows.");
        return writer.Has(MemberRoles.Writer | MemberRoles.Maintainer)
            ? writer
            : throw new IntegrityException(FaultCodes.SignerNotEntitled, $"Pack {Id} is signed by {writer.Name}, who may not write packs.");
    }

    private PackEntry[] ReadEntries(ReadOnlySpan<byte> records)
    {
        var entries = new PackEntry[Locator.ChunkCount];
        long offset = PackLayout.PrologueBytes;
        for (var frame = 0; frame < entries.Length; frame++)
        {
            var record = records.Slice(frame * PackLayout.EntryBytes, PackLayout.EntryBytes);
            var frameBytes = BinaryPrimitives.ReadUInt32LittleEndian(record[32..]);
            Require(offset + frameBytes <= Locator.FramesEnd, $"frame {frame} reaches beyond the frames");
            Require(!record[42..].ContainsAnyExcept((byte)0), $"reserved bytes of frame {frame} are set");
            entries[frame] = new PackEntry(
                new ChunkId(Id256.Read(record[..Id256.SizeBytes])),
                frame,
                (int)offset,
                (int)frameBytes,
                (int)BinaryPrimitives.ReadUInt32LittleEndian(record[36..]),
                (CompressionId)record[40],
                (ChunkSealing)record[41]);
            entries[frame].Require(Id, _packBytes);
            offset += frameBytes;
        }

        Require(offset == Locator.FramesEnd, "the frames do not fill the space before the table");
        return entries;
    }

    private void Require(bool isAsSpecified, string complaint)
    {
        if (!isAsSpecified)
        {
            throw new IntegrityException(FaultCodes.PackMalformed, $"Pack {Id}: {complaint}.");
        }
    }
}
