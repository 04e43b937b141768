using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// What a file or stream holds: chunk ids in order (depth 0), or ids of chunks that hold ids of the depth below.
/// At most <see cref="MaxDirectIds"/> ids stand here, so an entry stays small however large its content.
/// </summary>
public sealed record ContentRef(int Depth, IReadOnlyList<ChunkId> Ids)
{
    public const int MaxDirectIds = 64;

    public const int MaxDepth = 8;

    public static ContentRef Empty { get; } = new(0, []);

    public bool IsEmpty => Ids.Count == 0;
}

/// <summary>A named content beside the main one: an alternate stream or a large extended attribute.</summary>
public sealed record NamedContent(byte[] Name, long SizeBytes, ContentRef Content);
