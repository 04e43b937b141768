using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// The additions that no root has taken in, opened in one pass and sorted. Few of them stay in memory, many in a file on this host. A broken or unentitled one is
/// reported and counts for nothing.
/// </summary>
internal sealed class UnfoldedAdditions : IDisposable
{
    private readonly List<DataSetId> _dataSets = [];
    private readonly HashSet<ObjectId> _ids = [];
    private readonly HashSet<ObjectId> _foldedThere = [];
    private readonly SubjectKeySpool _spool;

    private UnfoldedAdditions(SubjectKeySpool spool)
    {
        _spool = spool;
    }

    internal long KeyCount => _spool.Count;

    internal IReadOnlyCollection<ObjectId> Ids => _ids;

    /// <summary>Those folded in that still lie there, or lie there again.</summary>
    internal IReadOnlySet<ObjectId> FoldedThere => _foldedThere;

    /// <param name="folded">Those that a root took in; a copy of one that turns up again brings nothing back.</param>
    internal static async Task<UnfoldedAdditions> LoadAsync(VaultReader reader, IReadOnlySet<ObjectId> folded, uint ledgerLength, CancellationToken cancellationToken)
    {
        var vault = reader.Vault;
        var additions = new UnfoldedAdditions(new SubjectKeySpool(vault.Host.FolderOf(vault.Id), vault.Id));
        try
        {
            var stats = await vault.Store.ListAsync(ObjectNames.KeyringAdditions, static name => ObjectNames.TryParseId(name, ObjectNames.KeyringAdditions, out _), cancellationToken);

            // In the order in which they were stored: of two keys that claim one domain, the first counts.
            foreach (var stat in stats.OrderBy(static stat => stat.StoreTime))
            {
                if (ObjectNames.TryParseId(stat.Name, ObjectNames.KeyringAdditions, out var id) && folded.Contains(new ObjectId(id)))
                {
                    additions._foldedThere.Add(new ObjectId(id));
                    continue;
                }

                try
                {
                    var stored = await vault.Store.ReadAsync(stat, SignedObject.MaxBytes, cancellationToken);
                    additions.Take(stored.Read(item => SubjectAddition.Open(reader, item)), ledgerLength);
                }
                catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
                {
                    // Another owner folded it in meanwhile.
                }
                catch (BackupException exception) when (exception is IntegrityException or KeyException or VaultException)
                {
                    vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{stat.Name}' counts for nothing: {exception.Message}", FaultCodes.AdditionRefused));
                }
            }

            additions._spool.Complete();
            return additions;
        }
        catch
        {
            additions.Dispose();
            throw;
        }
    }

    internal DataSetId DataSetOf(ReadOnlySpan<byte> record) => _dataSets[SubjectRecord.DataSetOf(record)];

    /// <inheritdoc cref="SubjectKeySpool.Find"/>
    internal void Find(ReadOnlySpan<byte> prefix, SubjectRecordReader read) => _spool.Find(prefix, read);

    /// <inheritdoc cref="SubjectKeySpool.Scan"/>
    internal SubjectKeyMerge Scan() => _spool.Scan();

    public void Dispose() => _spool.Dispose();

    private void Take(SubjectAddition addition, uint ledgerLength)
    {
        var place = _dataSets.IndexOf(addition.DataSet);
        if (place < 0)
        {
            place = _dataSets.Count;
            _dataSets.Add(addition.DataSet);
        }

        for (var i = 0; i < addition.Keys.Count; i++)
        {
            if (SubjectRecord.GenerationOf(addition.Keys[i]) > ledgerLength)
            {
                addition.Dispose();
                throw new IntegrityException(FaultCodes.Malformed, "It holds a key of a generation that has not begun: an erasure would pass it by.");
            }

            SubjectRecord.SetDataSet(addition.Keys.Writable(i), checked((ushort)place));
        }

        _ids.Add(addition.Id);
        _spool.Add(addition.Keys);
    }
}
