using System.IO.Hashing;
using System.Buffers.Binary;
using CsCheck;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Packing;

public sealed class PackTamperTests : IDisposable
{
    private static readonly byte[] Chunk = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
    private readonly PackKit _kit = new();
    private readonly FinishedPack _pack;

    public PackTamperTests() => _pack = _kit.Pack([Chunk, [9, 9, 9]]);

    public void Dispose()
    {
        _pack.Dispose();
        _kit.Dispose();
    }

    [Fact]
    public void Every_flipped_byte_is_noticed_and_padding_alone_is_harmless()
    {
        var last = _pack.Entries[^1];
        var paddingStart = last.OffsetBytes + last.FrameBytes + PackLayout.TableFramesBytesOf(2);
        var paddingEnd = _pack.Bytes.Length - PackLayout.TailBytes;
        Assert.True(paddingEnd > paddingStart);
        var bytes = _pack.Bytes.ToArray();
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= (byte)(1 << (at % 8));
            AssertNamed(() => _kit.Check(_pack.Record.Sha256).VerifyWhole(_pack.Record.Id, bytes), FaultCodes.PackHashMismatch);

            // Without the index's hash: random padding is the one stretch that nothing seals, and nothing ever reads.
            if (at >= paddingStart && at < paddingEnd)
            {
                Assert.Equal(2, _kit.Check(opensChunks: true).VerifyWhole(_pack.Record.Id, bytes).Entries.Count);
            }
            else
            {
                AssertRefused(() => _kit.Check(opensChunks: true).VerifyWhole(_pack.Record.Id, bytes));
            }

            bytes[at] ^= (byte)(1 << (at % 8));
        }
    }

    [Fact]
    public void A_chunk_read_from_a_flipped_pack_is_right_or_refused()
    {
        var bytes = _pack.Bytes.ToArray();
        var entry = _pack.Entries[0];
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= (byte)(1 << (at % 8));
            if (at < entry.OffsetBytes + entry.FrameBytes)
            {
                AssertRefused(() => _kit.Open(_pack.Record.Id, bytes, entry));
            }
            else
            {
                Assert.Equal(Chunk, _kit.Open(_pack.Record.Id, bytes, entry));
            }

            bytes[at] ^= (byte)(1 << (at % 8));
        }
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        for (var length = 0; length < _pack.Bytes.Length; length += 7)
        {
            var cut = _pack.Bytes[..length].ToArray();
            AssertRefused(() => _kit.Check().VerifyWhole(_pack.Record.Id, cut));
        }
    }

    [Fact]
    public void A_pack_under_another_name_or_of_another_vault_is_misplaced()
    {
        using var other = _kit.Pack([[1]]);
        AssertNamed(() => _kit.Check().VerifyWhole(other.Record.Id, _pack.Bytes.Span), FaultCodes.ObjectMisplaced);
        AssertNamed(
            () => (_kit.Check() with { Vault = new VaultId(Id256.Random()) }).VerifyWhole(_pack.Record.Id, _pack.Bytes.Span),
            FaultCodes.ObjectMisplaced);
    }

    [Fact]
    public void Parts_of_another_pack_do_not_fit()
    {
        using var other = _kit.Pack([Chunk, [9, 9, 9]]);
        var tables = _pack.Bytes.ToArray();
        var from = other.Entries[1].OffsetBytes + other.Entries[1].FrameBytes;
        other.Bytes.Span[from..].CopyTo(tables.AsSpan(from));
        AssertNamed(() => _kit.Check().VerifyWhole(_pack.Record.Id, tables), FaultCodes.PackSealBroken);

        var frames = _pack.Bytes.ToArray();
        var entry = _pack.Entries[0];
        other.Bytes.Span.Slice(entry.OffsetBytes, entry.FrameBytes).CopyTo(frames.AsSpan(entry.OffsetBytes));
        AssertNamed(() => _kit.Open(_pack.Record.Id, frames, entry), FaultCodes.FrameTampered);
        AssertNamed(() => _kit.Check().VerifyWhole(_pack.Record.Id, frames), FaultCodes.PackHashMismatch);
    }

    [Fact]
    public void A_frame_opens_only_as_what_it_claimed_to_be()
    {
        var entry = _pack.Entries[0];
        PackEntry[] lies =
        [
            entry with { Chunk = _pack.Entries[1].Chunk },
            entry with { Frame = 1 },
            entry with { PlainBytes = 301, Compression = CompressionId.Zstd },
            entry with { Compression = CompressionId.Zstd },
        ];
        foreach (var lie in lies)
        {
            AssertNamed(() => _kit.Open(_pack, lie), FaultCodes.FrameTampered);
        }
    }

    [Fact]
    public void A_pack_sealed_to_another_key_is_named()
    {
        using var stranger = IdentityKey.Create();
        AssertNamed(
            () => PackReader.Open(ObjectHeader.Read(_pack.Bytes.Span), _pack.Bytes.Span, stranger, _kit.Keys).Dispose(),
            FaultCodes.PackSealBroken);
    }

    [Fact]
    public void Content_under_a_false_id_is_refused()
    {
        // A stolen writer can seal anything under any id; the reader recomputes it.
        using var builder = _kit.Builder();
        var id = new ChunkId(Id256.Random());
        Assert.True(builder.TryAdd(new ChunkFrame { Chunk = id, PlainBytes = 3, Compression = CompressionId.Stored, Payload = [1, 2, 3], Checksum = XxHash3.HashToUInt64([1, 2, 3]) }, out _));
        using var pack = builder.Finish(isFull: false);
        AssertNamed(() => _kit.Open(pack, pack.Entries[0]), FaultCodes.ChunkMismatch);
        AssertNamed(() => _kit.Check(opensChunks: true).VerifyWhole(pack.Record.Id, pack.Bytes.Span), FaultCodes.ChunkMismatch);
    }

    [Theory]
    [InlineData(0, 1231u)]
    [InlineData(0, uint.MaxValue)]
    [InlineData(0, 0x7fff_fff0u)]
    [InlineData(4, 0u)]
    [InlineData(4, uint.MaxValue)]
    [InlineData(8, 0u)]
    [InlineData(8, 3u)]
    [InlineData(8, 65_537u)]
    [InlineData(8, uint.MaxValue)]
    [InlineData(12, 1u)]
    public void A_locator_that_points_outside_is_refused(int field, uint value)
    {
        var bytes = PackForge.Rewrite(_kit, _pack, locator: plain => BinaryPrimitives.WriteUInt32LittleEndian(plain[field..], value));
        AssertNamed(() => _kit.Check().VerifyWhole(_pack.Record.Id, bytes), FaultCodes.PackMalformed);
    }

    [Theory]
    [InlineData(0, 3u)]
    [InlineData(4 + 32, 0u)]
    [InlineData(4 + 32, 15u)]
    [InlineData(4 + 32, 300u)]
    [InlineData(4 + 32, uint.MaxValue)]
    [InlineData(4 + 36, 8u * 1024 * 1024 + 1)]
    [InlineData(4 + 36, uint.MaxValue)]
    [InlineData(4 + 36, 299u)]
    [InlineData(4 + 44, 1u)]
    public void A_signed_table_with_impossible_lengths_is_refused(int field, uint value)
    {
        var bytes = PackForge.Rewrite(_kit, _pack, table: plain => BinaryPrimitives.WriteUInt32LittleEndian(plain[field..], value));
        AssertNamed(() => _kit.Check().VerifyWhole(_pack.Record.Id, bytes), FaultCodes.PackMalformed);
    }

    [Fact]
    public void A_table_that_leaves_a_gap_before_itself_is_refused()
    {
        var bytes = PackForge.Rewrite(_kit, _pack, table: plain =>
        {
            BinaryPrimitives.WriteUInt32LittleEndian(plain[(4 + 48 + 32)..], 18);
            BinaryPrimitives.WriteUInt32LittleEndian(plain[(4 + 48 + 36)..], 2);
        });
        AssertNamed(() => _kit.Check().VerifyWhole(_pack.Record.Id, bytes), FaultCodes.PackMalformed);
    }

    [Fact]
    public void An_unknown_hash_is_not_compared() =>
        Assert.Equal(2, _kit.Check(sha256: default(ContentHash)).VerifyWhole(_pack.Record.Id, _pack.Bytes.Span).Entries.Count);

    [Fact]
    public void An_unknown_compression_or_sealing_is_of_a_newer_format()
    {
        foreach (var field in new[] { 4 + 40, 4 + 41 })
        {
            var bytes = PackForge.Rewrite(_kit, _pack, table: plain => plain[field] = 9);
            var fault = Assert.Throws<VaultException>(() => _kit.Check().VerifyWhole(_pack.Record.Id, bytes));
            Assert.Equal(FaultCodes.UnsupportedFormat, fault.Code);
        }
    }

    [Fact]
    public void A_table_counts_only_under_the_signature_of_a_member_who_may_write()
    {
        using var stranger = SigningKey.Create();
        using var auditor = _kit.Members.Enrol("auditor", MemberRoles.Auditor);
        AssertNamed(() => Verify(stranger, stranger), FaultCodes.SignatureInvalid);
        AssertNamed(() => Verify(stranger, _kit.Writer), FaultCodes.SignatureInvalid);
        AssertNamed(() => Verify(auditor, auditor), FaultCodes.SignerNotEntitled);
        using var maintainer = _kit.Members.Enrol("maintainer", MemberRoles.Maintainer);
        Assert.Equal(maintainer.Id, Verify(maintainer, maintainer).Writer.Id);

        PackTable Verify(SigningKey signer, SigningKey named)
        {
            var bytes = PackForge.Rewrite(_kit, _pack, table: plain => named.Id.Value.CopyTo(plain[^96..]), signer: signer);
            return _kit.Check().VerifyWhole(_pack.Record.Id, bytes);
        }
    }

    [Fact]
    public void Random_damage_to_sealed_tables_never_gives_anything_but_named_errors() =>
        Gen.Select(Gen.Int[0, PackLayout.TableBytesOf(2) - 65], Gen.Byte, Gen.Int[0, 15], Gen.Byte, Gen.Bool).Sample(
            (tableAt, tableByte, locatorAt, locatorByte, hitsLocator) =>
            {
                var bytes = PackForge.Rewrite(
                    _kit,
                    _pack,
                    hitsLocator ? plain => plain[locatorAt] = locatorByte : null,
                    plain => plain[tableAt] = tableByte);
                try
                {
                    _kit.Check(opensChunks: true).VerifyWhole(_pack.Record.Id, bytes);
                    Assert.Equal(_pack.Bytes.Span[..1232], bytes.AsSpan(0, 1232));
                }
                catch (BackupException fault)
                {
                    Assert.True(fault is IntegrityException || fault.Code == FaultCodes.UnsupportedFormat, fault.ToString());
                }
            },
            iter: 2000,
            threads: 1);

    private static void AssertNamed(Action action, FaultCode code) => Assert.Equal(code, Assert.Throws<IntegrityException>(action).Code);

    /// <summary>Refused by name; a flipped version or kind is a newer format's.</summary>
    private static void AssertRefused(Action action)
    {
        var fault = Assert.ThrowsAny<BackupException>(action);
        Assert.True(fault is IntegrityException || fault.Code == FaultCodes.UnsupportedFormat, fault.ToString());
    }
}
