using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// Takes out of a snapshot one entry, and what is below it, and gives it another place at the destination: what was <c>crm/notes/today.txt</c> comes to
/// <c>notes/today.txt</c>, or to whatever name is wanted. What lies beside it is passed over, and so are the folders that lead to it. All checks of the destination itself come
/// after, on the new path.
/// </summary>
/// <param name="inner">Owned.</param>
/// <param name="from">The entry; the root for everything.</param>
/// <param name="name">What it is called at the destination; null for its own name.</param>
/// <param name="takesBelow">Whether what is below it comes along.</param>
public sealed class RebasedDestination(IDestination inner, EntryPath from, byte[]? name, bool takesBelow) : IDestination
{
    public string DisplayName => inner.DisplayName;

    public Preparation Prepare(DestinationEntry entry) => Takes(entry.Path)
        ? inner.Prepare(Rebase(entry)) with { Entry = entry }
        : new Preparation(entry, PrepareVerdict.Kept, []);

    public IDestinationFile OpenFile(Preparation preparation) => inner.OpenFile(Rebase(preparation));

    public EntryOutcome PutFile(Preparation preparation, ReadOnlySpan<byte> content, bool readsBack) => inner.PutFile(Rebase(preparation), content, readsBack);

    public IStandingFile? OpenStanding(Preparation preparation) => inner.OpenStanding(Rebase(preparation));

    public EntryOutcome? Settle(Preparation preparation, StandingStamp seen) => inner.Settle(Rebase(preparation), seen);

    public EntryOutcome Link(Preparation preparation) => inner.Link(Rebase(preparation));

    public EntryOutcome CompleteFolder(Preparation preparation) => inner.CompleteFolder(Rebase(preparation));

    public bool IsMountPoint(EntryPath folder) => !Takes(folder) || inner.IsMountPoint(Rebase(folder));

    public DestinationFault? Remove(EntryPath path, EntryMetadata seen, EntryIdentity identity) => Takes(path) ? inner.Remove(Rebase(path), seen, identity) : null;

    public Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private bool Takes(EntryPath path) => from.IsAncestorOrSelfOf(path) && (takesBelow || path.Depth == from.Depth);

    private Preparation Rebase(Preparation preparation) => preparation with { Entry = Rebase(preparation.Entry) };

    private DestinationEntry Rebase(DestinationEntry entry) => entry with
    {
        Path = Rebase(entry.Path),
        Metadata = entry.Metadata.HardLinkTarget is { } first ? entry.Metadata with { HardLinkTarget = Rebase(first) } : entry.Metadata,
    };

    /// <summary>A first name that does not come along keeps its path, under which this restore has made nothing: the destination refuses the link.</summary>
    private EntryPath Rebase(EntryPath path)
    {
        if (from.Depth == 0 || !from.IsAncestorOrSelfOf(path))
        {
            return path;
        }

        var components = path.Components.Skip(from.Depth - 1).ToArray();
        components[0] = name ?? components[0];
        return new EntryPath(components);
    }
}
