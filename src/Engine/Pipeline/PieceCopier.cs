using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Takes pieces out of a file that is about to be replaced. Its id is computed anew: the file may have changed since it was compared.</summary>
internal sealed class PieceCopier(IDestination destination, ChunkIdKey ids)
{
    /// <summary>Null where the file is gone, or another.</summary>
    internal PieceSource? Open(RestoringFile file) =>
        destination.OpenStanding(file.Preparation) is { } standing ? new PieceSource(standing, ids) : null;
}

/// <summary>One such file, open. Not thread-safe.</summary>
internal sealed class PieceSource(IStandingFile standing, ChunkIdKey ids) : IDisposable
{
    /// <summary>Null where something else is there by now.</summary>
    internal OwnedBuffer? TryRead(PieceCopy copy)
    {
        var bytes = OwnedBuffer.Rent(copy.Piece.LengthBytes);
        var isRight = false;
        try
        {
            isRight = Fill(bytes, copy.Piece.Offset) && ids.IdOf(DomainId.Vault, bytes.Span) == copy.Id;
            return isRight ? bytes : null;
        }
        catch (IOException)
        {
            // A disk that does not give it back: the vault does.
            return null;
        }
        finally
        {
            if (!isRight)
            {
                bytes.Dispose();
            }
        }
    }

    public void Dispose() => standing.Dispose();

    private bool Fill(OwnedBuffer bytes, long offset)
    {
        for (var filled = 0; filled < bytes.LengthBytes;)
        {
            var count = standing.Read(offset + filled, bytes.Span[filled..]);
            if (count == 0)
            {
                return false;
            }

            filled += count;
        }

        return true;
    }
}
