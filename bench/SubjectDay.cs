using System.Text;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Bench;

/// <summary>
/// A further day on which one customer's record changed. Stores what a whole backup of that day would: her chunk, the listing's pages from hers up to the root, an index segment, a manifest;
/// the records of everybody else are not gone through again. A year of whole backups of a million customers would run for hours.
/// </summary>
internal sealed class SubjectDay
{
    private readonly string _dataSet;
    private readonly string _subject;
    private readonly List<(ListingPage Page, int At)> _way;

    private SubjectDay(string dataSet, string subject, List<(ListingPage Page, int At)> way)
    {
        (_dataSet, _subject, _way) = (dataSet, subject, way);
    }

    /// <summary>Reads the pages from the root of the last snapshot down to the customer's.</summary>
    internal static async Task<SubjectDay> AfterAsync(UnlockedVault vault, Snapshot last, string subject)
    {
        using var issuer = await SubjectKeyIssuer.BeginAsync(vault, last.DataSetId, CancellationToken.None);
        var domain = issuer.For(subject);
        domain.Key.Dispose();
        var path = SubjectContents.PathOf(last.DataSet, domain.Id);
        using var index = await ChunkIndexLoader.OpenForReadingAsync(vault, last, NullSink.Instance, CancellationToken.None);
        using var fetcher = new ChunkFetcher(vault.RequireReader(), index);
        var root = vault.RequireReader().OpenOwnerPart(last).ListingRoot!;
        var way = new List<(ListingPage Page, int At)>();
        for (var (id, level) = (root.Page, root.Level); level >= 0; level--)
        {
            using var bytes = await fetcher.FetchAsync(id, CancellationToken.None);
            var page = PageCodec.Decode(bytes.Memory, id);
            var at = level == 0
                ? page.Entries.ToList().FindIndex(entry => entry.Path == path)
                : page.References.ToList().FindIndex(reference => reference.First <= path && path <= reference.Last);
            way.Add((page, at));
            id = level == 0 ? id : page.References[at].Page;
        }

        return new SubjectDay(last.DataSet, subject, way);
    }

    internal async Task<Snapshot> BackUpAsync(UnlockedVault vault, Snapshot last, byte[] record)
    {
        var options = new BackupOptions { DataSet = _dataSet, HostName = last.HostName };
        var context = RunContext.Unwatched;
        await using var session = await BackupSession.OpenAsync(vault, options, SnapshotKind.Records, context, CancellationToken.None);
        using var issuer = await SubjectKeyIssuer.BeginAsync(vault, last.DataSetId, CancellationToken.None);
        var before = vault.RequireReader().OpenOwnerPart(last);
        var contents = await StoringStages.RunAsync(session, context.Counters, static _ => { }, async token =>
        {
            await foreach (var pack in ReferenceSet.ReadAsync(vault, last.Summary.ReferencePages, token))
            {
                session.Chunks.Need(pack);
            }

            await using var chunker = new SubjectContents(session.Chunks, new FreshTally(session.Meter), session.Chunker, Encoding.UTF8.GetBytes(_dataSet));
            await chunker.BeginAsync(issuer.For(_subject), _subject, token);
            await chunker.WriteAsync(record, token);
            var root = await ReplaceAsync(session, await chunker.FinishAsync(token), token);
            session.Channels.Claimed.Writer.Complete();
            return new SnapshotContents(root, before.Identities, before.Faults);
        }, CancellationToken.None);
        var draft = SnapshotDraft.Of(session, options, contents, context.Counters.Sample());
        var summary = last.Summary with { StartedAt = draft.Summary.StartedAt, StoredBytes = draft.Summary.StoredBytes };
        return await session.CommitAsync(draft with { Summary = summary }, CancellationToken.None);
    }

    private async Task<ListingRoot> ReplaceAsync(BackupSession session, ListedEntry entry, CancellationToken cancellationToken)
    {
        var (leaf, at) = _way[^1];
        List<ListedEntry> entries = [.. leaf.Entries];
        entries[at] = entry;
        _way[^1] = (leaf with { Entries = entries }, at);
        var id = await StoreAsync(session, 0, [.. entries.Select(static item => EntryCodec.Encode(item))], cancellationToken);
        for (var i = _way.Count - 2; i >= 0; i--)
        {
            var (page, place) = _way[i];
            List<PageReference> references = [.. page.References];
            references[place] = references[place] with { Page = id };
            _way[i] = (page with { References = references }, place);
            id = await StoreAsync(session, page.Level, [.. references.Select(static item => PageCodec.EncodeReference(item))], cancellationToken);
        }

        return new ListingRoot(_way[0].Page.Level, id);
    }

    private static async Task<ChunkId> StoreAsync(BackupSession session, int level, IReadOnlyList<byte[]> items, CancellationToken cancellationToken) =>
        await session.Chunks.StoreAsync(PageCodec.EncodePage(level, items.Count, [.. items.SelectMany(static item => item)]), ChunkClass.Page, cancellationToken);
}
