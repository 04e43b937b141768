using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Compression;

/// <summary>Stored number or name to compressor. One catalog for each worker: it makes each compressor once and owns it.</summary>
public sealed class CompressorCatalog : IDisposable
{
    private readonly StoredCompressor _stored = new();
    private ZstdCompressor? _zstd;

    /// <exception cref="VaultException">UnsupportedFormat: a number that this version does not know.</exception>
    public ICompressor Get(CompressionId id) => id switch
    {
        CompressionId.Stored => _stored,
        CompressionId.Zstd => _zstd ??= new ZstdCompressor(),
        _ => throw new VaultException(FaultCodes.UnsupportedFormat, $"Compression {(byte)id} is unknown."),
    };

    /// <exception cref="VaultException">UnsupportedFormat: a name that this version does not know.</exception>
    public static CompressionId IdOf(string name) => name switch
    {
        "stored" => CompressionId.Stored,
        "zstd" => CompressionId.Zstd,
        _ => throw new VaultException(FaultCodes.UnsupportedFormat, $"A compression named '{name}' is unknown."),
    };

    public void Dispose()
    {
        _stored.Dispose();
        _zstd?.Dispose();
    }
}
