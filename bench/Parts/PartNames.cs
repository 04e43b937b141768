namespace SecureBackup.Bench.Parts;

/// <summary>What a part is called in the table, and by whoever adds parts up.</summary>
internal static class PartNames
{
    internal const string Copy = "memcpy";
    internal const string Cut = "cut (keyed FastCDC)";
    internal const string Identify = "keyed chunk id (SHA-256)";
    internal const string Compare = "hash to compare by (XxHash3)";
    internal const string Compress = "compress and unpack, as the engine does";
    internal const string CompressAll = "the same on all cores at once";
    internal const string CompressBest = "compress and unpack for -Compression Best";
    internal const string CompressAtOne = "zstd -1";
    internal const string CompressAtTwo = "zstd -2";
    internal const string CompressAtThree = "zstd -3";
    internal const string CompressAtNine = "zstd -9";
    internal const string Decompress = "decompress";
    internal const string Seal = "seal and open (AES-256-GCM)";
    internal const string HashPack = "hash of a pack (SHA-256)";
    internal const string ClaimKnown = "index claim, known chunk";
    internal const string ClaimNew = "index claim, new chunk";
    internal const string List = "listing, an entry encoded and paged";
    internal const string Walk = "directory walk, an entry";
    internal const string Read = "file opened, read, closed";
    internal const string Look = "a file looked at (stat)";
    internal const string MakeFile = "file of 16 KiB made and named, the calls alone";
    internal const string PutFile = "the same by a restore, read back";
    internal const string PutFileAll = "the same by all cores";
    internal const string WriteBack = "written and read back, 128 MiB";
    internal const string WriteSmall = "durable write, 4 KiB";
    internal const string WritePack = "durable write, a pack of 16 MiB";
    internal const string ReadPack = "a pack read back, from the page cache";

    /// <summary>Works on the payloads that are sealed, not on what was read.</summary>
    internal static bool IsOfPayload(string name) => name is Seal or HashPack;
}
