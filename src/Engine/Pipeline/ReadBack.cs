using System.IO.Hashing;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Reads a file back before it gets its name, some way behind the writing, and compares it with tags of what was written, made when its bytes had just been proven by their chunk's id: a
/// write that went to a wrong place or was cut can not pass. The parts cover the whole file once, so together their tags are its hash.
/// </summary>
/// <remarks>
/// The tags find mistakes of the machine, and those pass with a chance of 2⁻⁶⁴. They need no key: a file system that lies on purpose can give back what was written now and
/// something else later, so that no tag would bind it. XXH3 takes about a third of the time of GMAC, which takes a fifth of that of a chunk id.
/// </remarks>
internal static class ReadBack
{
    /// <summary>Stays in a core's second cache between the copy and the hash.</summary>
    private const int PieceBytes = 256 * 1024;

    /// <summary>
    /// So much of a file is written before it is read back: it lies in the processor's last cache, the page cache need keep no more of a file, and nobody reads a large one alone at its end.
    /// </summary>
    internal const int BehindBytes = 16 * 1024 * 1024;

    /// <summary>Parts that lie scattered over a file are left to its end: each hint walks all that is cached between them.</summary>
    private const long MaxStretchBytes = 4 * BehindBytes;

    internal static WrittenPart PartOf(ChunkUse use, ReadOnlySpan<byte> bytes) => new(XxHash3.HashToUInt64(bytes), use.Offset, bytes.Length, use.Stream);

    internal static void Check(RestoringFile file, IDestinationFile open, IReadOnlyList<WrittenPart> written, CancellationToken cancellationToken)
    {
        foreach (var part in written)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Check(file, open, part);
        }

        if (!file.HasFailed && StretchOf(written) is { LengthBytes: >= BehindBytes and <= MaxStretchBytes } stretch)
        {
            open.DropBehind(stretch.Offset, stretch.LengthBytes);
        }
    }

    /// <summary>One stretch for many parts: a cache that keeps a file in large pieces lets none go in part. What is left at the ends goes when the file is whole.</summary>
    private static (long Offset, long LengthBytes) StretchOf(IReadOnlyList<WrittenPart> written)
    {
        var (start, end) = (long.MaxValue, 0L);
        foreach (var part in written)
        {
            if (part.Stream is null)
            {
                (start, end) = (Math.Min(start, part.Offset), Math.Max(end, part.Offset + part.LengthBytes));
            }
        }

        return (start, end - start);
    }

    private static void Check(RestoringFile file, IDestinationFile open, WrittenPart part)
    {
        if (file.HasFailed)
        {
            return;
        }

        try
        {
            if (TagOf(open, part) is { } tag && tag != part.Tag)
            {
                var path = file.Preparation.Entry.Path.ToString();
                file.Fail(new EntryFault(FaultCodes.ReadBackMismatch, path, $"'{path}' does not read as it was written, from byte {part.Offset} on."));
            }
        }
        catch (DestinationFaultException refused)
        {
            file.Fail(EntryFault.Of(refused.Fault));
        }
    }

    /// <returns>Null for a stream where there are none.</returns>
    private static ulong? TagOf(IDestinationFile open, WrittenPart part)
    {
        var hash = new XxHash3();
        using var piece = OwnedBuffer.Rent(Math.Min(part.LengthBytes, PieceBytes));
        for (var at = 0; at < part.LengthBytes; at += PieceBytes)
        {
            var bytes = piece.Span[..Math.Min(PieceBytes, part.LengthBytes - at)];
            if (part.Stream is null)
            {
                open.ReadBack(part.Offset + at, bytes);
            }
            else if (!open.TryReadBackStream(part.Stream, part.Offset + at, bytes))
            {
                return null;
            }

            hash.Append(bytes);
        }

        return hash.GetCurrentHashAsUInt64();
    }
}
