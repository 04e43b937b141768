using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.TenYears;

/// <summary>Whoever stole the last host, with its key: it signs what the key can sign, and what it cannot.</summary>
internal sealed class Thief(TenYearsScene scene)
{
    private readonly UnlockedVault _vault = scene.Hosts[^1];
    private int _acts;

    private static string Own => TenYearsPlan.DataSetOf(TenYearsPlan.Hosts - 1);

    /// <summary>Everything that might cost the others a snapshot.</summary>
    public async Task ActAsync()
    {
        var catalog = await SnapshotCatalog.LoadAsync(_vault, CancellationToken.None);
        var victims = catalog.Snapshots.Where(snapshot => snapshot.Writer != _vault.Self).ToList();
        await CommitAsync(Own, TimeSpan.FromDays(30_000));
        await CommitAsync(Own, TimeSpan.FromDays(-3_000));
        await CommitAsync(TenYearsPlan.DataSetOf(0), TimeSpan.Zero);
        for (var i = 0; i < 5; i++)
        {
            await CommitAsync(Own, TimeSpan.FromMinutes(i));
        }

        await RemovalRecord.WriteAsync(_vault, victims, "mine now", CancellationToken.None);
        foreach (var victim in victims.Take(3))
        {
            await ApprovalRecord.WriteAsync(_vault, victim, SnapshotVerdict.Rejected, "it is bad, believe me", CancellationToken.None);
            var fault = new VerificationFinding(_vault.Now, 1, 1, 1, default, default, true, 7, VerificationDepth.EveryByte);
            await VerificationRecord.WriteAsync(_vault, victim.Reference, fault, CancellationToken.None);
        }

        var garbage = ObjectNames.Pack(new PackId(Id256.Random()));
        await _vault.Store.PutAsync(garbage, new byte[1000 + _acts++], CancellationToken.None);
    }

    /// <summary>After the revocation: the key still signs, and the clock is set back to when it counted.</summary>
    public Task ActInThePastAsync() => CommitAsync(Own, TimeSpan.FromDays(-60));

    private async Task CommitAsync(string dataSet, TimeSpan lie)
    {
        var catalog = await SnapshotCatalog.LoadAsync(_vault, CancellationToken.None);
        var time = Timestamp.From(scene.Time.GetUtcNow() + lie);

        // Sealed with the newest keys that it has: after a rotation those are old ones.
        var keys = _vault.KeysOf(_vault.Register.Epochs.Keys.Last(epoch => _vault.TryKeysOf(epoch) is not null));
        var summary = new SnapshotSummary
        {
            DataSetId = keys.DataSetIdOf(dataSet), DataSet = dataSet, StartedAt = time, EndedAt = time, HostName = "host-4", FileCount = 1, EntryCount = 1, ReferencePages = [], PackCount = 0,
        };
        var header = new ObjectHeader(ObjectKind.Manifest, keys.Epoch, _vault.Id, ObjectId.Random());
        var previous = catalog.LastOf(_vault.Self);
        var body = new ManifestBody(_vault.Register.Head, _vault.Self, previous is null ? 0 : previous.Sequence + 1, previous?.Reference, [], Id256.Random())
        {
            MetadataPart = MetadataSeal.Seal(_vault, header, ManifestCodec.EncodeSummary(summary)),
            OwnerPart = VaultBench.SomeOwnerPart().Seal(_vault.Register.Epochs[keys.Epoch], header),
        };
        var bytes = SecureBackup.Engine.Crypto.SignedObject.Build(header, ManifestCodec.EncodeBody(body), _vault.SelfKey);
        await _vault.Store.PutAsync(ObjectNames.Manifest(new SnapshotId(header.Object.Value)), bytes, CancellationToken.None);
    }
}
