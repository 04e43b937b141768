using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Reads a file back before it gets its name, and compares it with tags of what was written, made when its bytes had just been proven by their chunk's id: a write that went to
/// a wrong place, was cut or was overwritten by another can not pass. The parts cover the whole file once, so together their tags are its hash. Thread-safe.
/// </summary>
/// <remarks>Chunk ids would do as well, at twice the cost of the whole check: SHA-256 takes five times as long as GMAC.</remarks>
internal sealed class ReadBack : IDisposable
{
    private readonly WriteTags _tags = new();

    public void Dispose() => _tags.Dispose();

    internal WrittenPart PartOf(ChunkUse use, ReadOnlySpan<byte> bytes) => new(_tags.TagOf(bytes), use.Offset, bytes.Length, use.Stream);

    internal void Check(RestoringFile file)
    {
        foreach (var part in file.Parts)
        {
            if (file.HasFailed || file.File is not { } open)
            {
                return;
            }

            try
            {
                Check(file, open, part);
            }
            catch (DestinationFaultException refused)
            {
                file.Fail(EntryFault.Of(refused.Fault));
            }
        }
    }

    private void Check(RestoringFile file, IDestinationFile open, WrittenPart part)
    {
        using var bytes = OwnedBuffer.Rent(part.LengthBytes);
        if (part.Stream is null)
        {
            open.ReadBack(part.Offset, bytes.Span);
        }
        else if (!open.TryReadBackStream(part.Stream, part.Offset, bytes.Span))
        {
            return;
        }

        if (_tags.TagOf(bytes.Span) != part.Tag)
        {
            var path = file.Preparation.Entry.Path.ToString();
            file.Fail(new EntryFault(FaultCodes.ReadBackMismatch, path, $"'{path}' does not read as it was written, from byte {part.Offset} on."));
        }
    }
}
