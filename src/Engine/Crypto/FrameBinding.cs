using System.Buffers.Binary;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>What sealer and opener must agree on about one frame: its nonce and its associated data.</summary>
internal static class FrameBinding
{
    internal const int NonceBytes = 12;
    internal const int TagBytes = 16;
    internal const int MaxClaimBytes = 96;
    internal const int MaxDataBytes = ObjectHeader.SizeBytes + sizeof(ulong) + 1 + MaxClaimBytes;

    /// <summary>At most this many frames under one key.</summary>
    internal const ulong MaxFrames = 1UL << 31;

    /// <summary>Four zero bytes, then the frame number as u64 big-endian.</summary>
    internal static void WriteNonce(ulong frame, Span<byte> nonce)
    {
        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], frame);
    }

    /// <summary>header ‖ frame u64 LE ‖ last u8 ‖ claim.</summary>
    internal static ReadOnlySpan<byte> WriteData(Span<byte> data, in ObjectHeader header, ulong frame, bool isLast, ReadOnlySpan<byte> claim)
    {
        if (claim.Length > MaxClaimBytes)
        {
            throw new ArgumentException($"A claim is at most {MaxClaimBytes} bytes.", nameof(claim));
        }

        header.Write(data);
        BinaryPrimitives.WriteUInt64LittleEndian(data[ObjectHeader.SizeBytes..], frame);
        data[ObjectHeader.SizeBytes + sizeof(ulong)] = isLast ? (byte)1 : (byte)0;
        claim.CopyTo(data[(ObjectHeader.SizeBytes + sizeof(ulong) + 1)..]);
        return data[..(ObjectHeader.SizeBytes + sizeof(ulong) + 1 + claim.Length)];
    }
}
