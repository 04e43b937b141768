using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>An entry as a snapshot keeps it: what it is, and where its content lies.</summary>
public sealed record ListedEntry
{
    /// <summary>Values above this stand outside the entry, as contents.</summary>
    public const int MaxInlineAttributeBytes = 4096;

    public required EntryPath Path { get; init; }

    public NameOrigin Origin { get; init; }

    /// <summary>Holds only the extended attributes that stand inline; the others are <see cref="LargeAttributes"/>.</summary>
    public required EntryMetadata Metadata { get; init; }

    public ContentRef Content { get; init; } = ContentRef.Empty;

    public IReadOnlyList<NamedContent> Streams { get; init; } = [];

    public IReadOnlyList<NamedContent> LargeAttributes { get; init; } = [];

    /// <summary>Set when the content is what could be read while the file changed: the code of the fault that was listed.</summary>
    public string? ContentFault { get; init; }

    /// <summary>The subject's domain that all contents of this entry belong to; the vault's own for what no subject key seals.</summary>
    public DomainId Domain { get; init; }
}

/// <summary>The root page of a listing.</summary>
public sealed record ListingRoot(int Level, ChunkId Page);
