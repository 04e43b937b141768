using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>The fields of an entry while they are read, in whatever number they come.</summary>
internal sealed class EntryFields
{
    public EntryPath? Path { get; set; }

    public EntryKind Kind { get; set; }

    public NameOrigin Origin { get; set; }

    public long SizeBytes { get; set; }

    public Timestamp? ModifiedAt { get; set; }

    public uint? Mode { get; set; }

    public uint? UserId { get; set; }

    public uint? GroupId { get; set; }

    public string? UserName { get; set; }

    public string? GroupName { get; set; }

    public byte[]? LinkTarget { get; set; }

    public EntryPath? HardLinkTarget { get; set; }

    public uint DeviceMajor { get; set; }

    public uint DeviceMinor { get; set; }

    public List<ExtendedAttribute> Attributes { get; } = [];

    public List<NamedContent> LargeAttributes { get; } = [];

    public IReadOnlyList<FileExtent> Holes { get; set; } = [];

    public ContentRef? Content { get; set; }

    public Timestamp? CreatedAt { get; set; }

    public uint? WindowsAttributes { get; set; }

    public byte[]? SecurityDescriptor { get; set; }

    public byte[]? ReparseData { get; set; }

    public IReadOnlyList<NamedContent> Streams { get; set; } = [];

    public string? ContentFault { get; set; }

    public DomainId? Domain { get; set; }

    /// <summary>The entry, if the fields make one.</summary>
    public ListedEntry ToEntry(CborMapReader reader)
    {
        if (!Enum.IsDefined(Kind))
        {
            throw reader.Unsupported($"entry kind {(byte)Kind}");
        }

        if (!Enum.IsDefined(Origin))
        {
            throw reader.Unsupported($"name origin {(byte)Origin}");
        }

        reader.Check((Kind == EntryKind.File) == (Content is not null), "a file has no content, or something else has one");
        reader.Check((Kind == EntryKind.HardLink) == (HardLinkTarget is not null), "a hard link has no first name, or something else has one");
        reader.Check((Kind == EntryKind.SymbolicLink) == (LinkTarget is not null), "a symbolic link has no target, or something else has one");
        reader.Check(Domain is not { IsVault: true }, "it names the vault's domain as a subject's");
        RequireHoles(reader);
        return new ListedEntry
        {
            Path = reader.Required(Path, "the path"),
            Origin = Origin,
            Content = Content ?? ContentRef.Empty,
            LargeAttributes = LargeAttributes,
            Streams = Streams,
            ContentFault = ContentFault,
            Domain = Domain ?? DomainId.Vault,
            Metadata = new EntryMetadata
            {
                Kind = Kind,
                SizeBytes = SizeBytes,
                ModifiedAt = reader.Required(ModifiedAt, "the modification time"),
                CreatedAt = CreatedAt,
                Mode = Mode,
                UserId = UserId,
                GroupId = GroupId,
                UserName = UserName,
                GroupName = GroupName,
                DeviceMajor = DeviceMajor,
                DeviceMinor = DeviceMinor,
                LinkTarget = LinkTarget,
                HardLinkTarget = HardLinkTarget,
                ExtendedAttributes = Attributes,
                WindowsAttributes = WindowsAttributes,
                SecurityDescriptor = SecurityDescriptor,
                ReparseData = ReparseData,
                AlternateStreams = [.. Streams.Select(stream => new AlternateStream(stream.Name, stream.SizeBytes))],
                Holes = Holes,
            },
        };
    }

    private void RequireHoles(CborMapReader reader)
    {
        long end = -1;
        foreach (var hole in Holes)
        {
            reader.Check(
                hole.Offset > end && hole.LengthBytes > 0 && hole.Offset <= SizeBytes && hole.LengthBytes <= SizeBytes - hole.Offset,
                "its holes overlap or lie outside the file");
            end = hole.Offset + hole.LengthBytes;
        }
    }
}
