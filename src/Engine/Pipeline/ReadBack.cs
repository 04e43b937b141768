using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Reads a file back before it gets its name, and computes the id of every chunk anew from what the file gives: a write that went to a wrong place, was cut or was
/// overwritten by another can not pass. The chunks cover the whole file once, so together their ids are its hash. Thread-safe.
/// </summary>
internal sealed class ReadBack(ChunkIdKey ids)
{
    internal void Check(RestoringFile file)
    {
        foreach (var part in file.Parts)
        {
            if (file.HasFailed)
            {
                return;
            }

            try
            {
                Check(file, part);
            }
            catch (DestinationFaultException refused)
            {
                file.Fail(EntryFault.Of(refused.Fault));
            }
        }
    }

    private void Check(RestoringFile file, WrittenPart part)
    {
        using var bytes = OwnedBuffer.Rent(part.LengthBytes);
        if (part.Stream is null)
        {
            file.File.ReadBack(part.Offset, bytes.Span);
        }
        else if (!file.File.TryReadBackStream(part.Stream, part.Offset, bytes.Span))
        {
            return;
        }

        if (ids.IdOf(DomainId.Vault, bytes.Span) != part.Id)
        {
            var path = file.Preparation.Entry.Path.ToString();
            file.Fail(new EntryFault(FaultCodes.ReadBackMismatch, path, $"'{path}' does not read as it was written, from byte {part.Offset} on."));
        }
    }
}
