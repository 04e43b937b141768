using System.IO.Hashing;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Packing;

public sealed class SubjectDomainTests : IDisposable
{
    private static readonly byte[] Record = [.. Enumerable.Range(0, 4000).Select(i => (byte)(i % 13))];
    private readonly PackKit _kit = new();

    public void Dispose() => _kit.Dispose();

    [Fact]
    public void Destroying_one_subjects_key_leaves_noise_and_the_other_opens()
    {
        var ada = _kit.Subjects.Create();
        var bob = _kit.Subjects.Create();
        using var builder = _kit.Builder();
        Assert.True(_kit.TryAdd(builder, Record, CompressionId.Zstd, ada));
        Assert.True(_kit.TryAdd(builder, Record, CompressionId.Zstd, bob));
        using var pack = builder.Finish(isFull: false);
        Assert.NotEqual(pack.Entries[0].Chunk, pack.Entries[1].Chunk);
        Assert.Equal(Record, _kit.Open(pack, pack.Entries[0], ada.Id));

        _kit.Subjects.Keys.Remove(ada.Id);
        ada.Key.Dispose();

        AssertMissing(() => _kit.Open(pack, pack.Entries[0], ada.Id));
        Assert.Equal(Record, _kit.Open(pack, pack.Entries[1], bob.Id));

        // Under the vault's private key there is only salt and ciphertext: nothing of the record, and no other subject's key opens it.
        using var reader = PackReader.Open(PackReader.ReadHeader(_kit.Vault, pack.Record.Id, pack.Bytes.Span), pack.Bytes.Span, _kit.Identity, _kit.Keys);
        using var noise = reader.OpenFrame(pack.Entries[0], pack.Bytes.Span.Slice(pack.Entries[0].OffsetBytes, pack.Entries[0].FrameBytes));
        Assert.Equal(-1, noise.Span.IndexOf(Record.AsSpan(0, 13)));
        Assert.True(noise.Span[80..^16].ToArray().Distinct().Count() > 8);
        _kit.Subjects.Keys[ada.Id] = bob.Key;
        AssertMissing(() => _kit.Open(pack, pack.Entries[0], ada.Id));
    }

    [Fact]
    public void A_chunk_id_never_crosses_domains()
    {
        var ada = _kit.Subjects.Create();
        var bob = _kit.Subjects.Create();
        ChunkId[] ids = [_kit.ChunkIds.IdOf(DomainId.Vault, Record), _kit.ChunkIds.IdOf(ada.Id, Record), _kit.ChunkIds.IdOf(bob.Id, Record)];
        Assert.Equal(3, ids.Distinct().Count());

        using var builder = _kit.Builder();
        Assert.True(_kit.TryAdd(builder, Record, CompressionId.Stored, ada));
        Assert.True(_kit.TryAdd(builder, Record));
        using var pack = builder.Finish(isFull: false);
        AssertNamed(() => _kit.Open(pack, pack.Entries[0]), FaultCodes.ChunkMismatch);
        AssertNamed(() => _kit.Open(pack, pack.Entries[1], ada.Id), FaultCodes.ChunkMismatch);
    }

    [Fact]
    public void A_moved_frame_keeps_its_inner_seal()
    {
        var ada = _kit.Subjects.Create();
        using var builder = _kit.Builder();
        Assert.True(_kit.TryAdd(builder, Record, CompressionId.Zstd, ada));
        using var first = builder.Finish(isFull: false);
        var entry = first.Entries[0];
        using var reader = PackReader.Open(PackReader.ReadHeader(_kit.Vault, first.Record.Id, first.Bytes.Span), first.Bytes.Span, _kit.Identity, _kit.Keys);
        using var payload = reader.OpenFrame(entry, first.Bytes.Span.Slice(entry.OffsetBytes, entry.FrameBytes));

        using var mover = _kit.Builder();
        Assert.True(_kit.TryAdd(mover, [1, 2, 3]));
        var frame = new ChunkFrame
        {
            Chunk = entry.Chunk,
            PlainBytes = entry.PlainBytes,
            Compression = entry.Compression,
            Sealing = entry.Sealing,
            Payload = payload.Span,
            Checksum = XxHash3.HashToUInt64(payload.Span),
        };
        Assert.True(mover.TryAdd(frame, out var place));
        using var second = mover.Finish(isFull: false);
        Assert.Equal(1, place.Frame);
        Assert.Equal(second.Entries[1].Place, place);
        Assert.Equal(Record, _kit.Open(second, second.Entries[1], ada.Id));

        _kit.Subjects.Keys.Remove(ada.Id);
        AssertMissing(() => _kit.Open(second, second.Entries[1], ada.Id));
        Assert.Equal(2, _kit.Check(second.Record.Sha256, opensChunks: true).VerifyWhole(second.Record.Id, second.Bytes.Span).Entries.Count);
    }

    private static void AssertMissing(Action action) => Assert.Equal(FaultCodes.SubjectKeyMissing, Assert.Throws<KeyException>(action).Code);

    private static void AssertNamed(Action action, FaultCode code) => Assert.Equal(code, Assert.Throws<IntegrityException>(action).Code);
}
