using System.IO.Hashing;
using System.Runtime.ExceptionServices;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Reads a file back before it gets its name, and compares it with tags of what was written, made when its bytes had just been proven by their chunk's id: a write that went to
/// a wrong place, was cut or was overwritten by another can not pass. The parts cover the whole file once, so together their tags are its hash.
/// </summary>
/// <remarks>
/// The tags find mistakes of the machine, and those pass with a chance of 2⁻⁶⁴. They need no key: a file system that lies on purpose can give back what was written now and
/// something else later, so that no tag would bind it. XXH3 takes about a third of the time of GMAC, which takes a fifth of that of a chunk id.
/// </remarks>
internal static class ReadBack
{
    /// <summary>Stays in a core's second cache between the copy and the hash.</summary>
    private const int PieceBytes = 256 * 1024;

    /// <summary>From here on the parts of a file are shared out: whoever wrote the last one would read a large file alone, with the other cores idle.</summary>
    private const int MinSharedParts = 8;

    internal static WrittenPart PartOf(ChunkUse use, ReadOnlySpan<byte> bytes) => new(XxHash3.HashToUInt64(bytes), use.Offset, bytes.Length, use.Stream);

    internal static void Check(RestoringFile file, IDestinationFile open, CancellationToken cancellationToken)
    {
        if (file.Parts.Count < MinSharedParts)
        {
            foreach (var part in file.Parts)
            {
                Check(file, open, part);
            }

            return;
        }

        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = Environment.ProcessorCount,
            CancellationToken = cancellationToken,
            TaskScheduler = TaskScheduler.Current,
        };
        try
        {
            Parallel.ForEach(file.Parts, options, part => Check(file, open, part));
        }
        catch (AggregateException failures)
        {
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
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
