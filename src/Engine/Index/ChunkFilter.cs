using System.Numerics;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>
/// Says of most chunks that a segment does not hold that it does not: a Bloom filter of 16 bits a chunk and eight probes. One in 1,700 slips through, so that in a vault of a hundred million
/// chunks, 200 segments, a new chunk costs a page that was read in vain one time in nine. Chunk ids are keyed hashes, so their own bits serve as the hash.
/// </summary>
internal sealed class ChunkFilter
{
    private const int BitsPerChunk = 16;
    private const int Probes = 8;

    private readonly ulong[] _words;

    public ChunkFilter(int chunks)
    {
        _words = new ulong[(((long)chunks * BitsPerChunk) + 63) / 64 + 1];
    }

    public void Add(ChunkId id)
    {
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = BitOf(id, probe);
            _words[bit >> 6] |= 1UL << (int)(bit & 63);
        }
    }

    public bool MayContain(ChunkId id)
    {
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = BitOf(id, probe);
            if ((_words[bit >> 6] & (1UL << (int)(bit & 63))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private ulong BitOf(ChunkId id, int probe) =>
        Math.BigMul(id.Value.A + (BitOperations.RotateLeft(id.Value.B, 17) * (uint)probe), (ulong)_words.Length * 64, out _);
}
