using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Compression;

public sealed class CompressorCatalogTests
{
    [Fact]
    public void Each_stored_number_and_name_has_its_compressor_and_no_other_is_guessed()
    {
        using var catalog = new CompressorCatalog();
        Assert.Equal(0, (byte)catalog.Get(CompressorCatalog.IdOf("stored")).Id);
        Assert.Equal(1, (byte)catalog.Get(CompressorCatalog.IdOf("zstd")).Id);
        Assert.Same(catalog.Get(CompressionId.Zstd), catalog.Get(CompressionId.Zstd));
        Assert.Same(FaultCodes.UnsupportedFormat, Assert.Throws<VaultException>(() => catalog.Get((CompressionId)2)).Code);
        Assert.Same(FaultCodes.UnsupportedFormat, Assert.Throws<VaultException>(() => CompressorCatalog.IdOf("brotli")).Code);
    }

    [Fact]
    public void Stored_bytes_come_back_and_their_length_is_held_to()
    {
        using var stored = new StoredCompressor();
        Assert.False(stored.TryCompress(new byte[10_000], new byte[10_000], out _));
        var plain = new byte[3];
        stored.Decompress([1, 2, 3], plain);
        Assert.Equal([1, 2, 3], plain);
        Assert.Same(FaultCodes.DecompressionMismatch, Assert.Throws<IntegrityException>(() => stored.Decompress([1, 2], new byte[3])).Code);
    }
}
