using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// Tags of bytes that this process writes and reads again: GMAC under a key that lives as long as this object. Several times as fast as a chunk id, and bytes that are not the
/// same pass with a chance of 2⁻¹⁰⁰. Tags are shown to nobody, so that one nonce serves for all. Thread-safe.
/// </summary>
public sealed class WriteTags : IDisposable
{
    private static readonly byte[] Nonce = new byte[AesGcm.NonceByteSizes.MaxSize];

    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(32, pinned: true);
    private readonly ConcurrentBag<AesGcm> _idle = [];

    public WriteTags() => RandomNumberGenerator.Fill(_key);

    public UInt128 TagOf(ReadOnlySpan<byte> bytes)
    {
        var cipher = _idle.TryTake(out var idle) ? idle : new AesGcm(_key, AesGcm.TagByteSizes.MaxSize);
        Span<byte> tag = stackalloc byte[AesGcm.TagByteSizes.MaxSize];
        cipher.Encrypt(Nonce, [], [], tag, bytes);
        _idle.Add(cipher);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(tag);
    }

    public void Dispose()
    {
        foreach (var cipher in _idle)
        {
            cipher.Dispose();
        }

        CryptographicOperations.ZeroMemory(_key);
    }
}
