using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// What of a tree a mirror may speak of: what the backup would have taken if it had been there, by the snapshot's own rules, and what it is known not to have failed to
/// read. Everything else stays.
/// </summary>
internal sealed class MirrorScope
{
    private readonly HashSet<string> _unread;
    private readonly Dictionary<string, string> _rootNames;

    private MirrorScope(FileSystemSourceOptions source, HashSet<string> unread)
    {
        Source = source;
        _unread = unread;
        _rootNames = source.Roots.ToDictionary(static root => root.Name, static root => Path.GetFileName(root.Path), StringComparer.Ordinal);
    }

    internal FileSystemSourceOptions Source { get; }

    /// <param name="mirror">Where the roots are, and what is never entered.</param>
    /// <exception cref="RequestException">MirrorUnsafe, SnapshotRulesUnknown.</exception>
    /// <exception cref="IntegrityException">The list of what the backup could not read cannot be read.</exception>
    internal static async Task<MirrorScope> OpenAsync(
        Snapshot snapshot, OwnerPart owner, FileSystemSourceOptions mirror, IChunkFetcher fetcher, CancellationToken cancellationToken)
    {
        if (snapshot.Standing != SnapshotStanding.Good)
        {
            throw new RequestException(FaultCodes.MirrorUnsafe, $"The snapshot {snapshot.Id} is {snapshot.Standing}.");
        }

        if (!RuleText.IsWhole(owner.Rules))
        {
            throw new RequestException(FaultCodes.MirrorUnsafe, $"The snapshot {snapshot.Id} does not say all that was left out when it was made.");
        }

        if (snapshot.FaultCount > 0 && owner.Faults is null)
        {
            throw new RequestException(FaultCodes.MirrorUnsafe, $"The snapshot {snapshot.Id} does not say which {snapshot.FaultCount} entries it lacks.");
        }

        var faults = owner.Faults is null
            ? []
            : FaultListCodec.Decode(await ContentReader.ReadAllAsync(owner.Faults, fetcher, FaultListCodec.MaxBytes, cancellationToken));
        var source = RuleText.Apply(mirror, owner.Rules);
        RequireApartFromVault(source);
        return new MirrorScope(source, [.. faults.SelectMany(static fault => EndsOf(fault.Path))]);
    }

    /// <summary>
    /// Whether the snapshot may lack the entry because it, or a folder above it, could not be read. Faults name places on the disk of that day, so ends of paths are
    /// compared: that keeps an entry too many at times, and never one too few.
    /// </summary>
    internal bool MayBeUnread(EntryPath path)
    {
        if (_unread.Count == 0)
        {
            return false;
        }

        var parts = path.ToString().Split('/');
        return _unread.Contains(_rootNames.GetValueOrDefault(parts[0], parts[0]))
            || Enumerable.Range(1, parts.Length - 1).Any(count => _unread.Contains(string.Join('/', parts.Skip(1).Take(count))));
    }

    /// <summary>Said before anything is restored; a root that is not there yet is no reason.</summary>
    private static void RequireApartFromVault(FileSystemSourceOptions source)
    {
        try
        {
            FileSystemSource.Open(source, TimeProvider.System).Dispose();
        }
        catch (RequestException refused) when (refused.Code != FaultCodes.SourceContainsVault && refused.Code != FaultCodes.SourceRootInVault)
        {
            // The restore makes what is missing, or says why not.
        }
    }

    private static IEnumerable<string> EndsOf(string path)
    {
        var parts = path.Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries);
        return Enumerable.Range(0, parts.Length).Select(start => string.Join('/', parts.Skip(start)));
    }
}
