using System.Security.Cryptography;
using CsCheck;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Chunking;

public sealed class FastCdcChunkerTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly IChunker Small = ChunkerCatalog.Create(ChunkerCatalog.Small, Key);

    /// <summary>The same bytes on every machine and for ever: SHA-256 of seed and counter.</summary>
    private static byte[] Noise(byte seed, int length)
    {
        var bytes = new byte[length];
        Span<byte> hash = stackalloc byte[32];
        for (var at = 0; at < length; at += hash.Length)
        {
            SHA256.HashData([seed, .. BitConverter.GetBytes(at)], hash);
            hash[..Math.Min(hash.Length, length - at)].CopyTo(bytes.AsSpan(at));
        }

        return bytes;
    }

    private static List<int> Lengths(IChunker chunker, ReadOnlySpan<byte> stream)
    {
        var lengths = new List<int>();
        for (var at = 0; at < stream.Length; at += lengths[^1])
        {
            lengths.Add(chunker.NextBoundary(stream[at..], isLast: true));
        }

        return lengths;
    }

    /// <summary>As a reader with small, odd reads would do it.</summary>
    private static List<int> LengthsBySlices(IChunker chunker, byte[] stream, int[] slices)
    {
        var lengths = new List<int>();
        var (start, end, slice) = (0, 0, 0);
        while (start < stream.Length)
        {
            var length = chunker.NextBoundary(stream.AsSpan(start..end), end == stream.Length);
            if (length < 0)
            {
                end = Math.Min(stream.Length, end + slices[slice++ % slices.Length]);
                continue;
            }

            lengths.Add(length);
            start += length;
        }

        return lengths;
    }

    [Fact]
    public void Any_slicing_gives_the_same_chunks() =>
        Gen.Select(Gen.Byte, Gen.Int[0, 120_000], Gen.Int[1, 9000].Array[1, 20]).Sample(
            (seed, length, slices) =>
            {
                var stream = Noise(seed, length);
                return Lengths(Small, stream).SequenceEqual(LengthsBySlices(Small, stream, slices));
            },
            iter: 300);

    [Fact]
    public void Sizes_stay_between_minimum_and_maximum() =>
        Gen.Select(Gen.Byte, Gen.Int[1, 200_000], Gen.Bool).Sample(
            (seed, length, isUniform) =>
            {
                var stream = isUniform ? [.. Enumerable.Repeat(seed, length)] : Noise(seed, length);
                var lengths = Lengths(Small, stream);
                return lengths.Sum() == length
                    && lengths.SkipLast(1).All(size => size >= Small.MinBytes && size <= Small.MaxBytes)
                    && lengths[^1] is > 0 && lengths[^1] <= Small.MaxBytes;
            },
            iter: 300);

    [Fact]
    public void After_an_insertion_the_cuts_fall_into_step_again() =>
        Gen.Select(Gen.Byte, Gen.Int[0, 100_000], Gen.Byte.Array[1, 300]).Sample(
            (seed, at, inserted) =>
            {
                var stream = Noise(seed, 600_000);
                byte[] changed = [.. stream[..at], .. inserted, .. stream[at..]];
                var before = Ends(stream, 0);
                var after = Ends(changed, inserted.Length);
                before.ExceptWith(after);
                return before.Count(end => end > at) <= 40;
            },
            iter: 100);

    private static HashSet<int> Ends(byte[] stream, int shift) => [.. EndsOf(Small, stream).Select(end => end - shift)];

    [Fact]
    public void Another_key_cuts_elsewhere()
    {
        var stream = Noise(1, 2_000_000);
        var otherKey = Key.ToArray();
        otherKey[31] ^= 1;
        var ends = Ends(stream, 0);
        var others = EndsOf(ChunkerCatalog.Create(ChunkerCatalog.Small, otherKey), stream);
        Assert.InRange(others.Count(ends.Contains), 1, others.Count / 20);
    }

    [Fact]
    public void The_average_is_near_what_the_name_says()
    {
        var small = Lengths(Small, Noise(2, 8_000_000));
        Assert.InRange(small.Average(), 3_600, 5_600);

        foreach (var name in new[] { ChunkerCatalog.Default, ChunkerCatalog.Normalized })
        {
            var large = Lengths(ChunkerCatalog.Create(name, Key), Noise(3, 96 << 20));
            Assert.InRange(large.Average(), 900_000, 1_350_000);
        }
    }

    [Fact]
    public void The_boundaries_never_change()
    {
        // Computed by a second implementation, in Python. Changed boundaries would store everything a second time.
        Assert.Equal([4237, 4420, 4378, 5441, 5120, 2307, 5479, 5832, 2786], Lengths(Small, Noise(4, 40_000)));
        var stream = Noise(7, 12 << 20);
        Assert.Equal(
            [951330, 634885, 859930, 1463771, 1097990, 546885, 784750, 2526582, 897494, 1329584, 897242, 592469], Lengths(ChunkerCatalog.Create(ChunkerCatalog.Default, Key), stream));
        Assert.Equal(
            [1291045, 1155100, 1425572, 1136189, 1331635, 2347920, 313097, 1128727, 1303479, 557679, 592469], Lengths(ChunkerCatalog.Create(ChunkerCatalog.Normalized, Key), stream));
    }

    /// <summary>What a day's new rows in a large table cost, under several keys: 2.3 MB with the normalised chunker, 1.6 without normalisation.</summary>
    [Fact]
    public void An_insertion_costs_less_without_normalisation()
    {
        var (cost, normalized) = (BytesOfAnInsertion(ChunkerCatalog.Default), BytesOfAnInsertion(ChunkerCatalog.Normalized));
        TestContext.Current.TestOutputHelper!.WriteLine($"{cost:N0} bytes, normalised {normalized:N0}.");
        Assert.InRange(cost, 1_000_000, normalized * 85 / 100);
    }

    private static long BytesOfAnInsertion(string chunkerName)
    {
        const int Keys = 6;
        const int Insertions = 30;
        var stream = Noise(8, 48 << 20);
        var rows = Noise(9, 100_000);
        var random = new Random(8);
        var bytes = 0L;
        for (byte key = 0; key < Keys; key++)
        {
            var chunker = ChunkerCatalog.Create(chunkerName, [key, .. Key.AsSpan(1)]);
            var before = EndsOf(chunker, stream);
            for (var time = 0; time < Insertions; time++)
            {
                var at = random.Next(5 << 20, 28 << 20);
                var start = before.Last(end => end <= at);
                byte[] changed = [.. stream.AsSpan(start, at - start), .. rows, .. stream.AsSpan(at, 16 << 20)];
                bytes += EndsOf(chunker, changed).First(end => end > at - start + rows.Length && before.Contains(start + end - rows.Length));
            }
        }

        return bytes / (Keys * Insertions);
    }

    private static List<int> EndsOf(IChunker chunker, byte[] stream)
    {
        var end = 0;
        return [.. Lengths(chunker, stream).Select(length => end += length)];
    }

    /// <summary>Whatever is scanned together, and however: place by place, with each hash reckoned anew from the 64 bytes before it.</summary>
    [Theory]
    [InlineData(512, 11, 7)]
    [InlineData(4096, 14, 10)]
    [InlineData(16384, 16, 12)]
    [InlineData(256, 12, 12)]
    [InlineData(256, 16, 16)]
    public void The_cuts_are_where_the_definition_says(int turnBytes, int hardBits, int easyBits)
    {
        var sizes = new FastCdcSizes("any", 256, turnBytes, 32_768, hardBits, easyBits);
        var chunker = new FastCdcChunker(sizes, Key);
        Gen.Select(Gen.Byte, Gen.Int[0, 60_000]).Sample(
            (seed, length) => Lengths(chunker, Noise(seed, length)).SequenceEqual(LengthsByDefinition(sizes, Noise(seed, length))),
            iter: 60);
    }

    private static List<int> LengthsByDefinition(FastCdcSizes sizes, ReadOnlySpan<byte> stream)
    {
        var table = new GearTable(Key);
        var lengths = new List<int>();
        for (var rest = stream; rest.Length > 0; rest = rest[lengths[^1]..])
        {
            var length = Math.Min(sizes.MinBytes, rest.Length);
            for (var end = Math.Min(sizes.MaxBytes, rest.Length); length < end; length++)
            {
                var hash = 0UL;
                foreach (var value in rest[(length - 64)..length])
                {
                    hash = (hash << 1) + table.Gear[value];
                }

                if ((hash & table.Mask(length < sizes.TurnBytes ? sizes.HardBits : sizes.EasyBits)) == 0)
                {
                    break;
                }
            }

            lengths.Add(length);
        }

        return lengths;
    }

    [Fact]
    public void An_empty_end_is_empty_and_an_open_end_asks_for_more()
    {
        Assert.Equal(0, Small.NextBoundary(default, isLast: true));
        Assert.Equal(-1, Small.NextBoundary(default, isLast: false));
        Assert.Equal(-1, Small.NextBoundary(new byte[Small.MinBytes], isLast: false));
        Assert.Equal(5, Small.NextBoundary(new byte[5], isLast: true));
        Assert.NotEqual(-1, Small.NextBoundary(Noise(5, Small.MaxBytes), isLast: false));
    }

    [Fact]
    public void Scanning_allocates_nothing()
    {
        var stream = Noise(6, 100_000);
        Small.NextBoundary(stream, isLast: false);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < 80_000; at += Small.NextBoundary(stream.AsSpan(at), isLast: true))
        {
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void The_catalog_knows_its_names_and_guesses_no_other()
    {
        foreach (var (name, minBytes) in new[] { ("fastcdc-1m-nc0", 524_288), ("fastcdc-1m", 262_144) })
        {
            var chunker = ChunkerCatalog.Create(name, Key);
            Assert.Equal((name, minBytes, 4_194_304), (chunker.Name, chunker.MinBytes, chunker.MaxBytes));
        }

        Assert.Equal(("fastcdc-4k", 1_024, 16_384), (Small.Name, Small.MinBytes, Small.MaxBytes));
        foreach (var name in new[] { "", "fastcdc", "FASTCDC-1M", "fastcdc-2m", "fastcdc-1m-nc1" })
        {
            Assert.Same(FaultCodes.UnsupportedFormat, Assert.Throws<VaultException>(() => ChunkerCatalog.Create(name, Key)).Code);
        }
    }

    [Fact]
    public void The_secrets_are_expanded_as_the_format_says()
    {
        var table = new GearTable(Key);
        var gear = new byte[2048];
        HKDF.Expand(HashAlgorithmName.SHA256, Key, gear, "sb1/gear"u8);
        Assert.Equal(BitConverter.ToUInt64(gear, 255 * 8), table.Gear[255]);
        Assert.Equal(22, System.Numerics.BitOperations.PopCount(table.Mask(22)));
        Assert.Equal(table.Mask(18), table.Mask(22) & table.Mask(18));
        Assert.Equal(0UL, table.Mask(48) & 0xffff);
        var ranks = new byte[384];
        HKDF.Expand(HashAlgorithmName.SHA256, Key, ranks, "sb1/masks"u8);
        var first = Enumerable.Range(0, 48).MinBy(bit => BitConverter.ToUInt64(ranks, bit * 8));
        Assert.Equal(1UL << (16 + first), table.Mask(1));
    }
}
