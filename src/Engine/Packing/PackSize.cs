using System.Numerics;

namespace SecureBackup.Engine.Packing;

/// <summary>How long packs are.</summary>
public static class PackSize
{
    public const int DefaultBytes = 16 * 1024 * 1024;

    /// <summary>Room for prologue, tail, a table and a few small chunks.</summary>
    public const int MinBytes = 4096;

    public const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>The longest frame plaintext that an empty pack of this size takes.</summary>
    public static int MaxPayloadBytes(int packSizeBytes) =>
        packSizeBytes - PackLayout.PrologueBytes - PackLayout.TailBytes - PackLayout.TableFramesBytesOf(1) - Crypto.FrameSealer.TagBytes;

    /// <summary>
    /// Rounds up so that a length gives away only its magnitude: with e = floor(log2 n) and s = floor(log2 e) + 1, the next multiple
    /// of 2^(e-s). Costs at most 12 % and less the longer it is.
    /// </summary>
    public static long Padme(long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        if (lengthBytes < 2)
        {
            return lengthBytes;
        }

        var exponent = BitOperations.Log2((ulong)lengthBytes);
        var significant = BitOperations.Log2((uint)exponent) + 1;
        var mask = (1L << (exponent - significant)) - 1;
        return checked(lengthBytes + mask) & ~mask;
    }
}
