using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Chunking;

/// <summary>Stored name to chunker.</summary>
public static class ChunkerCatalog
{
    /// <summary>
    /// For contents: 512 KiB, 1 MiB on average, 4 MiB, without normalisation. After 131 KB of rows were put somewhere into 150 MB of a table, 0.65 MB were new, and 0.87 with
    /// the normalised one (means under 20 keys); what is stored at first is up to 0.2 % more, and only half of the bytes are scanned.
    /// </summary>
    public const string Default = "fastcdc-1m-nc0";

    /// <summary>For the contents of vaults that were made before: 256 KiB, 1.1 MiB on average, 4 MiB, normalised.</summary>
    public const string Normalized = "fastcdc-1m";

    /// <summary>For small streams of pages: 1 KiB, 4 KiB on average, 16 KiB.</summary>
    public const string Small = "fastcdc-4k";

    private const int KiB = 1024;

    public static bool Knows(string name) => name is Default or Normalized or Small;

    /// <param name="key">The vault's secret 32-byte chunker key; not kept.</param>
    /// <exception cref="VaultException">UnsupportedFormat: a name that this version does not know.</exception>
    public static IChunker Create(string name, ReadOnlySpan<byte> key) => name switch
    {
        Default => new FastCdcChunker(new FastCdcSizes(name, MinBytes: 512 * KiB, TurnBytes: 512 * KiB, MaxBytes: 4096 * KiB, HardBits: 19, EasyBits: 19), key),
        Normalized => new FastCdcChunker(new FastCdcSizes(name, MinBytes: 256 * KiB, TurnBytes: 1024 * KiB, MaxBytes: 4096 * KiB, HardBits: 22, EasyBits: 18), key),
        Small => new FastCdcChunker(new FastCdcSizes(name, MinBytes: 1 * KiB, TurnBytes: 4 * KiB, MaxBytes: 16 * KiB, HardBits: 14, EasyBits: 10), key),
        _ => throw new VaultException(FaultCodes.UnsupportedFormat, $"A chunker named '{name}' is unknown."),
    };
}
