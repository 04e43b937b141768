using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CsCheck;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Packing;

public sealed class PackRoundTripTests : IDisposable
{
    private readonly PackKit _kit = new();

    public void Dispose() => _kit.Dispose();

    [Fact]
    public void Any_chunks_come_back_and_the_table_names_them_in_order()
    {
        Gen.Byte.Array[0, 3000].Array[1, 12].Sample(
            chunks =>
            {
                using var pack = _kit.Pack(chunks);
                Assert.Equal(chunks.Length, pack.Record.ChunkCount);
                for (var i = 0; i < chunks.Length; i++)
                {
                    Assert.Equal(i, pack.Entries[i].Frame);
                    Assert.Equal(chunks[i], _kit.Open(pack, pack.Entries[i]));
                }

                var table = _kit.Check(pack.Record.Sha256, opensChunks: true).VerifyWhole(pack.Record.Id, pack.Bytes.Span);
                Assert.Equal(pack.Entries, table.Entries);
                Assert.Equal(_kit.Writer.Id, table.Writer.Id);
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public void Compressed_chunks_come_back()
    {
        var text = Enumerable.Range(0, 20_000).Select(i => (byte)(i % 61)).ToArray();
        using var pack = _kit.Pack([text], CompressionId.Zstd);
        Assert.True(pack.Entries[0].FrameBytes < text.Length / 4);
        Assert.Equal(text, _kit.Open(pack, pack.Entries[0]));
    }

    [Fact]
    public void A_table_of_several_frames_is_read()
    {
        // 1,400 entries of 48 bytes are more than one frame of 65,536.
        using var builder = _kit.Builder(256 * 1024);
        for (var i = 0; i < 1400; i++)
        {
            Assert.True(_kit.TryAdd(builder, BitConverter.GetBytes(i)));
        }

        using var pack = builder.Finish(isFull: false);
        Assert.Equal(1400, _kit.Check(opensChunks: true).VerifyWhole(pack.Record.Id, pack.Bytes.Span).Entries.Count);
    }

    [Fact]
    public void A_full_pack_has_the_pack_size_and_takes_no_more()
    {
        using var builder = _kit.Builder(16 * 1024);
        var added = 0;
        while (_kit.TryAdd(builder, RandomNumberGenerator.GetBytes(1000)))
        {
            added++;
        }

        Assert.InRange(added, 12, 15);
        using var pack = builder.Finish(isFull: true);
        Assert.Equal(16 * 1024, pack.Bytes.Length);
        Assert.Equal(added, _kit.Check(pack.Record.Sha256, opensChunks: true).VerifyWhole(pack.Record.Id, pack.Bytes.Span).Entries.Count);
    }

    [Fact]
    public void A_pack_fills_to_its_last_byte()
    {
        using var builder = _kit.Builder(PackSize.MinBytes);
        Assert.True(_kit.TryAdd(builder, new byte[PackSize.MaxPayloadBytes(PackSize.MinBytes)]));
        Assert.False(_kit.TryAdd(builder, []));
        using var pack = builder.Finish(isFull: true);
        Assert.Equal(PackSize.MinBytes, pack.Bytes.Length);
        _kit.Check(pack.Record.Sha256, opensChunks: true).VerifyWhole(pack.Record.Id, pack.Bytes.Span);
    }

    [Fact]
    public void What_no_pack_can_take_is_the_callers_mistake()
    {
        using var builder = _kit.Builder(PackSize.MinBytes);
        Assert.Throws<ArgumentException>(() => _kit.TryAdd(builder, new byte[PackSize.MaxPayloadBytes(PackSize.MinBytes) + 1]));
        Assert.Throws<InvalidOperationException>(() => builder.Finish(isFull: false));
    }

    [Fact]
    public void The_last_pack_is_padded_to_padme_with_noise()
    {
        using var pack = _kit.Pack([new byte[5000]]);
        var least = PackLayout.PrologueBytes + 5016 + PackLayout.TableFramesBytesOf(1) + PackLayout.TailBytes;
        Assert.Equal(PackSize.Padme(least), pack.Bytes.Length);
        var padding = pack.Bytes.Span[(least - PackLayout.TailBytes)..^PackLayout.TailBytes];
        Assert.True(padding.Length > 20);
        Assert.True(padding.ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void An_abandoned_builder_does_nothing_more()
    {
        var builder = _kit.Builder();
        Assert.True(_kit.TryAdd(builder, [1, 2, 3]));
        builder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _kit.TryAdd(builder, [4]));
        Assert.Throws<ObjectDisposedException>(() => builder.Finish(isFull: false));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(77)]
    public void A_payload_that_changed_since_it_was_proven_is_refused(int changedAt)
    {
        var plain = Enumerable.Range(0, 2000).Select(i => (byte)(i % 7)).ToArray();
        var payload = plain.ToArray();
        var checksum = XxHash3.HashToUInt64(payload);
        payload[changedAt] ^= 1;
        using var builder = _kit.Builder();
        var fault = Assert.Throws<IntegrityException>(() => builder.TryAdd(
            new ChunkFrame { Chunk = _kit.ChunkIds.IdOf(default, plain), PlainBytes = plain.Length, Compression = CompressionId.Stored, Payload = payload, Checksum = checksum },
            out _));
        Assert.Equal(FaultCodes.SealVerificationFailed, fault.Code);
        Assert.Throws<ObjectDisposedException>(() => builder.Finish(isFull: false));
    }

    [Fact]
    public void No_two_packs_share_a_key_so_no_nonce_is_ever_used_twice()
    {
        // Within a pack numbers only ascend; between packs the keys differ: equal plaintexts at equal numbers give unrelated frames,
        // and equal ids or commitments would betray equal keys.
        var seen = new HashSet<Id256>();
        for (var i = 0; i < 300; i++)
        {
            using var pack = _kit.Pack([new byte[64], new byte[64]]);
            var bytes = pack.Bytes.Span;
            Assert.True(seen.Add(pack.Record.Id.Value));
            Assert.True(seen.Add(Id256.Read(bytes.Slice(PackLayout.CommitmentAt, 32))));
            Assert.True(seen.Add(Id256.Read(bytes.Slice(bytes.Length - PackLayout.TailBytes, 32))));
            Assert.True(seen.Add(Id256.Read(bytes.Slice(pack.Entries[0].OffsetBytes, 32))));
            Assert.True(seen.Add(Id256.Read(bytes.Slice(pack.Entries[1].OffsetBytes, 32))));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(9, 10)]
    [InlineData(1000, 1024)]
    [InlineData(1_000_000, 1_015_808)]
    [InlineData(16_777_216, 16_777_216)]
    public void Padme_rounds_up(long length, long expected) => Assert.Equal(expected, PackSize.Padme(length));

    [Fact]
    public void Padme_never_shortens_nor_costs_more_than_an_eighth() =>
        Gen.Long[2, 1L << 40].Sample(n => PackSize.Padme(n) >= n && PackSize.Padme(n) - n <= n * 12 / 100 + 1 && PackSize.Padme(PackSize.Padme(n)) == PackSize.Padme(n));

    [Fact]
    public async Task A_pack_that_changed_in_memory_after_it_was_sealed_is_not_confirmed()
    {
        var target = new MemoryTarget();
        using (var sound = _kit.Pack([[1, 2, 3]]))
        {
            await PackUploader.StoreAsync(target, sound, pastCache: false, TestContext.Current.CancellationToken);
        }

        using var pack = _kit.Pack([[1, 2, 3], [4, 5, 6]]);
        MemoryMarshal.AsMemory(pack.Bytes).Span[pack.Entries[1].OffsetBytes] ^= 1;
        var fault = await Assert.ThrowsAsync<IntegrityException>(() => PackUploader.StoreAsync(target, pack, pastCache: false, TestContext.Current.CancellationToken));
        Assert.Equal(FaultCodes.UploadNotConfirmed, fault.Code);
    }
}
