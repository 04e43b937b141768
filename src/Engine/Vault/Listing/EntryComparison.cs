using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>Compares two versions of an entry, contents by the ids of their chunks: one vault names equal bytes of one domain alike.</summary>
public static class EntryComparison
{
    public static EntryAspects Between(ListedEntry before, ListedEntry after) =>
        MetadataComparison.Between(before.Metadata, after.Metadata)
        | (before.Metadata.Kind == after.Metadata.Kind && !IsSame(before.Content, after.Content) ? EntryAspects.Content : EntryAspects.None)
        | (AreSame(before.Streams, after.Streams) ? EntryAspects.None : EntryAspects.Streams)
        | (AreSame(before.LargeAttributes, after.LargeAttributes) && AreSame(before.Metadata.ExtendedAttributes, after.Metadata.ExtendedAttributes)
            ? EntryAspects.None
            : EntryAspects.ExtendedAttributes);

    public static bool IsSame(ContentRef before, ContentRef after) => before.Depth == after.Depth && before.Ids.SequenceEqual(after.Ids);

    private static bool AreSame(IReadOnlyList<NamedContent> before, IReadOnlyList<NamedContent> after) =>
        before.Count == after.Count && before.Zip(after).All(static pair =>
            pair.First.Name.AsSpan().SequenceEqual(pair.Second.Name) && pair.First.SizeBytes == pair.Second.SizeBytes && IsSame(pair.First.Content, pair.Second.Content));

    private static bool AreSame(IReadOnlyList<ExtendedAttribute> before, IReadOnlyList<ExtendedAttribute> after) =>
        before.Count == after.Count && before.Zip(after).All(static pair =>
            pair.First.Name.AsSpan().SequenceEqual(pair.Second.Name) && pair.First.Value.AsSpan().SequenceEqual(pair.Second.Value));
}
