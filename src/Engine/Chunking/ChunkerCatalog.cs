using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Chunking;

/// <summary>Stored name to chunker.</summary>
public static class ChunkerCatalog
{
    /// <summary>For contents: 256 KiB, 1 MiB on average, 4 MiB.</summary>
    public const string Default = "fastcdc-1m";

    /// <summary>For small streams of pages: 1 KiB, 4 KiB on average, 16 KiB.</summary>
    public const string Small = "fastcdc-4k";

    private const int KiB = 1024;

    /// <param name="key">The vault's secret 32-byte chunker key; not kept.</param>
    /// <exception cref="VaultException">UnsupportedFormat: a name that this version does not know.</exception>
    public static IChunker Create(string name, ReadOnlySpan<byte> key) => name switch
    {
        Default => new FastCdcChunker(new FastCdcSizes(name, 256 * KiB, 1024 * KiB, 4096 * KiB), key),
        Small => new FastCdcChunker(new FastCdcSizes(name, 1 * KiB, 4 * KiB, 16 * KiB), key),
        _ => throw new VaultException(FaultCodes.UnsupportedFormat, $"A chunker named '{name}' is unknown."),
    };
}
