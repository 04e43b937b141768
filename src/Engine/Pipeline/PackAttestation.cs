using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// A verifier's word for packs that it opened whole: an index segment of its own, which says of each chunk where it found it. Other writers then rely on it and leave out what lies
/// there. It holds chunks and not packs alone, because whose pack it is matters less than what is said to be in it: a stolen writer could name a false chunk in a good pack.
/// A crash costs attestations alone; the next check makes them.
/// </summary>
internal sealed class PackAttestation(UnlockedVault vault, ChunkIndex index)
{
    private IndexSegmentBuilder _open = new();
    private bool _isRefused;

    internal int PackCount { get; private set; }

    /// <param name="pack">With the hash of the bytes that were read.</param>
    internal async Task AddAsync(PackRecord pack, PackTable table, CancellationToken cancellationToken)
    {
        // Owners' packs are relied on anyway, a revoked member's never. Subjects' chunks are opened by nobody here, and are in nobody else's domain.
        List<PackEntry> entries = [.. table.Entries.Where(static entry => entry.Sealing == ChunkSealing.Direct)];
        if (_isRefused || table.Writer.IsRevoked || table.Writer.Roles.HasFlag(MemberRoles.Owner) || entries.Count == 0 || await index.IsAttestedAsync(pack, cancellationToken))
        {
            return;
        }

        if (!_open.TryAdd(pack, entries))
        {
            await StoreAsync(cancellationToken);
            _open.TryAdd(pack, entries);
        }
    }

    /// <summary>Stores what is left.</summary>
    internal async Task StoreAsync(CancellationToken cancellationToken)
    {
        if (_open.Packs.Count == 0)
        {
            return;
        }

        try
        {
            await SegmentUpload.StoreAsync(vault, _open, SegmentSealings.Of(vault) with { IsAttestation = true }, cancellationToken);
            PackCount += _open.Packs.Count;
        }
        catch (TargetException refusal)
        {
            // A copy on a read-only medium can be checked as well.
            _isRefused = true;
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"That packs were read is not kept in the vault, so other hosts cannot rely on it. {refusal.Message}", refusal.Code));
        }

        _open = new IndexSegmentBuilder();
    }
}
