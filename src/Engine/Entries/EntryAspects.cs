namespace SecureBackup.Engine.Entries;

/// <summary>In what two versions of an entry differ.</summary>
[Flags]
public enum EntryAspects
{
    None = 0,
    Content = 1 << 0,
    Modified = 1 << 1,
    Created = 1 << 2,
    Mode = 1 << 3,
    Owner = 1 << 4,
    Group = 1 << 5,
    LinkTarget = 1 << 6,

    /// <summary>The first name of the file, or that one of the two is the file itself and the other a further name.</summary>
    HardLink = 1 << 7,
    Device = 1 << 8,

    /// <summary>Extended attributes, access lists among them.</summary>
    ExtendedAttributes = 1 << 9,
    WindowsAttributes = 1 << 10,
    Security = 1 << 11,
    Streams = 1 << 12,
    ReparseData = 1 << 13,
}

/// <summary>Compares what two versions of an entry are. Holes are hints and do not count.</summary>
public static class MetadataComparison
{
    /// <summary>Whether the two are things of different kinds. A file and a further name of a file are both files.</summary>
    public static bool IsOtherKind(EntryMetadata before, EntryMetadata after) => PlainKind(before.Kind) != PlainKind(after.Kind);

    /// <summary>All but contents, extended attributes and streams; a different size is a different content.</summary>
    public static EntryAspects Between(EntryMetadata before, EntryMetadata after)
    {
        var isOneLink = before.Kind == after.Kind;
        return If(isOneLink && before.SizeBytes != after.SizeBytes, EntryAspects.Content)
            | If(before.ModifiedAt != after.ModifiedAt, EntryAspects.Modified)
            | If(before.CreatedAt != after.CreatedAt, EntryAspects.Created)
            | If(before.Mode != after.Mode, EntryAspects.Mode)
            | If(before.UserId != after.UserId || !IsSame(before.UserName, after.UserName), EntryAspects.Owner)
            | If(before.GroupId != after.GroupId || !IsSame(before.GroupName, after.GroupName), EntryAspects.Group)
            | If(!IsSame(before.LinkTarget, after.LinkTarget), EntryAspects.LinkTarget)
            | If(!isOneLink || before.HardLinkTarget != after.HardLinkTarget, EntryAspects.HardLink)
            | If((before.DeviceMajor, before.DeviceMinor) != (after.DeviceMajor, after.DeviceMinor), EntryAspects.Device)
            | If(before.WindowsAttributes != after.WindowsAttributes, EntryAspects.WindowsAttributes)
            | If(!IsSame(before.SecurityDescriptor, after.SecurityDescriptor), EntryAspects.Security)
            | If(!IsSame(before.ReparseData, after.ReparseData), EntryAspects.ReparseData);
    }

    private static EntryKind PlainKind(EntryKind kind) => kind == EntryKind.HardLink ? EntryKind.File : kind;

    private static EntryAspects If(bool differs, EntryAspects aspect) => differs ? aspect : EntryAspects.None;

    private static bool IsSame(string? left, string? right) => string.Equals(left, right, StringComparison.Ordinal);

    private static bool IsSame(byte[]? left, byte[]? right) => (left is null) == (right is null) && left.AsSpan().SequenceEqual(right);
}
