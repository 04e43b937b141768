using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What the last run's listing says of an entry.</summary>
internal sealed partial class EntryChunker
{
    private EntryMetadata? _lastMarked;
    private ulong _lastMark;

    /// <summary>
    /// Whether an unchanged file or folder is listed as it was before, byte for byte. Its change time says that its attributes are the same too; mode and owner are compared all
    /// the same, since another way to mount a file system, or another account, shows them differently.
    /// </summary>
    private bool IsListedAlike(CachedEntry before, SourceEntry now) =>
        before.Mark != 0 && UnchangedRule.CoversAttributes(before, now) && before.Mark == MarkOf(now.Metadata);

    /// <summary>Neighbours mostly have one mode and owner.</summary>
    private ulong MarkOf(EntryMetadata now)
    {
        if (_lastMarked is not { } last || last.Mode != now.Mode || last.UserId != now.UserId || last.GroupId != now.GroupId
            || !string.Equals(last.UserName, now.UserName, StringComparison.Ordinal) || !string.Equals(last.GroupName, now.GroupName, StringComparison.Ordinal))
        {
            (_lastMarked, _lastMark) = (now, CachedEntry.MarkOf(now));
        }

        return _lastMark;
    }

    /// <summary>The entry of this path in the last run's listing; passes over what has vanished since.</summary>
    private CachedEntry? Before(EntryPath path)
    {
        try
        {
            while (!_isCacheSpent)
            {
                if (_before?.ComparePathTo(path) is { } order and >= 0)
                {
                    return order == 0 ? _before : null;
                }

                _before = _parts.Previous!.Next();
                _isCacheSpent = _before is null;
            }
        }
        catch (Exception damage) when (damage is BackupException or IOException)
        {
            GiveUpCache(path, damage);
        }

        return null;
    }

    /// <summary>The rest of the cache is as good as none: what follows is read in full.</summary>
    private void GiveUpCache(EntryPath path, Exception damage)
    {
        _parts.Sink.Report(new BackupEvent(
            EventSeverity.Warning, $"The host's listing cache is damaged; from '{path}' on every file is read. {damage.Message}", (damage as BackupException)?.Code ?? FaultCodes.HostStateUnusable));
        _isCacheSpent = true;
        _isCacheDamaged = true;
        _before = null;
    }

    private bool CanDecode(CachedEntry before, EntryPath path)
    {
        try
        {
            return before.Entry.Path == path;
        }
        catch (BackupException damage)
        {
            GiveUpCache(path, damage);
            return false;
        }
    }

    private async ValueTask<bool> IsUnchangedAsync(SourceEntry entry, CachedEntry before, CancellationToken cancellationToken)
    {
        if (_parts.Rule!.Holds(before, entry) && (IsListedAlike(before, entry) || CanDecode(before, entry.Path)) && await ReuseAsync(before, entry.Path, cancellationToken))
        {
            _fresh.Keep();
            Counts.FilesUnchanged++;
            _parts.Counters.AddBytesRead(entry.Metadata.SizeBytes);
            return true;
        }

        // What was counted of a content that did not hold is counted once more.
        _fresh.Drop();
        return false;
    }

    /// <summary>Whether every chunk of the last run's content is still there for this writer; counts their packs as needed.</summary>
    private async ValueTask<bool> ReuseAsync(CachedEntry before, EntryPath path, CancellationToken cancellationToken)
    {
        for (var left = before.DeepIds; left > 0; left--)
        {
            if (NextId(path) is not { } id || !await _parts.Store.TryReuseAsync(id, _fresh, cancellationToken))
            {
                return false;
            }

            Remember(id);
        }

        return true;
    }

    private ChunkId? NextId(EntryPath path)
    {
        try
        {
            return _parts.Previous!.NextId();
        }
        catch (Exception damage) when (damage is BackupException or IOException)
        {
            GiveUpCache(path, damage);
            return null;
        }
    }
}
