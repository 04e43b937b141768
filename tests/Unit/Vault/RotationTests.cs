using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class RotationTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Ten_rotations_in_a_row_leave_everything_readable_and_deduplication_as_it_was()
    {
        using var owner = await _bench.CreateAsync(hasPassphrase: true);
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        var chunk = owner.Keys.ChunkId.IdOf(DomainId.Vault, "a chunk"u8);
        for (var epoch = 2U; epoch <= 11; epoch++)
        {
            await _bench.BackUpAsync(epoch % 2 == 0 ? writer : owner);
            var (begun, append) = await EpochRotation.RotateAsync(owner, $"rotation {epoch}", None);
            Assert.Equal((epoch, false), (begun, append.IsPending));
            Assert.Equal(epoch, owner.Keys.Epoch);
        }

        await _bench.BackUpAsync(writer);
        foreach (var opened in new[] { await _bench.OpenByFileAsync(host: "empty-1"), await _bench.OpenByPassphraseAsync(host: "empty-2"), owner })
        {
            using (opened)
            {
                var catalog = await SnapshotCatalog.LoadAsync(opened, None);
                Assert.Empty(catalog.Problems);
                Assert.Equal(Enumerable.Range(1, 11).Select(static epoch => (uint)epoch), catalog.Snapshots.Select(static snapshot => snapshot.Epoch).Order());
                Assert.All(catalog.Snapshots, snapshot => Assert.Equal("/srv/crm", Assert.Single(opened.RequireReader().OpenOwnerPart(snapshot).Roots).OriginalPath));
                Assert.Equal(chunk, opened.Keys.ChunkId.IdOf(DomainId.Vault, "a chunk"u8));
            }
        }
    }

    [Fact]
    public async Task A_new_epoch_has_other_keys_where_that_helps_and_the_same_where_it_would_only_cost()
    {
        using var owner = await _bench.CreateAsync();
        await EpochRotation.RotateAsync(owner, null, None);
        var (old, now) = (owner.KeysOf(1), owner.KeysOf(2));
        Assert.NotEqual(old.Index.Bytes.ToArray(), now.Index.Bytes.ToArray());
        Assert.NotEqual(old.Metadata.Bytes.ToArray(), now.Metadata.Bytes.ToArray());
        Assert.NotEqual(owner.RequireReader().IdentityOf(1).Bytes.ToArray(), owner.RequireReader().IdentityOf(2).Bytes.ToArray());
        Assert.Equal(old.Chunker.Bytes.ToArray(), now.Chunker.Bytes.ToArray());
        Assert.Equal(old.Names.Bytes.ToArray(), now.Names.Bytes.ToArray());
        Assert.Equal(old.DataSetIdOf("crm"), now.DataSetIdOf("crm"));
        Assert.Equal(owner.Register.Epochs[2], owner.RequireReader().IdentityOf(2).Recipient);
    }

    [Fact]
    public async Task A_vault_that_was_open_before_goes_on_in_the_new_epoch()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        using var other = await _bench.OpenByFileAsync(host: "other");
        await EpochRotation.RotateAsync(owner, null, None);
        Assert.Equal(1U, writer.Keys.Epoch);

        // Loading the list of snapshots is how every run begins; it takes in what happened to the register.
        Assert.Equal(2U, (await _bench.BackUpAsync(writer)).Epoch);
        var seen = Assert.Single((await SnapshotCatalog.LoadAsync(other, None)).Snapshots);
        Assert.Equal("/srv/crm", Assert.Single(other.RequireReader().OpenOwnerPart(seen).Roots).OriginalPath);
        Assert.False(writer.IsReader);
        await EpochRotation.RotateAsync(other, null, None);
        Assert.Equal(3U, other.Keys.Epoch);
    }

    [Fact]
    public async Task A_run_that_began_before_a_rotation_ends_well()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        var catalog = await SnapshotCatalog.LoadAsync(writer, None);
        var pages = await ReferenceSet.WriteAsync(writer, [new PackId(Id256.Random())], None);
        await EpochRotation.RotateAsync(owner, null, None);
        var summary = VaultBench.SummaryOf(writer, "crm", [], pages) with { PackCount = 1 };
        var snapshot = await new ManifestWriter(writer, catalog).CommitAsync(summary, VaultBench.SomeOwnerPart(), Id256.Random(), None);
        Assert.Equal(1U, snapshot.Epoch);
        var found = await SnapshotCatalog.LoadAsync(owner, None);
        Assert.Empty(found.Problems);
        Assert.Equal(snapshot.Id, Assert.Single(found.Snapshots).Id);
        Assert.Single(await ReferenceSet.ReadAllAsync(owner, snapshot, None));
    }

    [Fact]
    public async Task Only_owners_rotate()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        await VaultBench.RefusedAsync(FaultCodes.NotAnOwner, () => EpochRotation.RotateAsync(writer, null, None));
        Assert.Equal(1U, (await LockedVault.OpenAsync(_bench.Target, None)).Register.NewestEpoch);
        await VaultBench.RefusedAsync(FaultCodes.InvalidVaultOption, () => EpochRotation.RotateAsync(owner, "two\nlines", None));
    }

    [Fact]
    public async Task A_grant_that_holds_another_private_key_than_the_register_names_is_refused()
    {
        using var owner = await _bench.CreateAsync();
        using var next = owner.Keys.Next();
        using var planted = IdentityKey.Create();
        var self = owner.Register.Members[owner.Self];
        _bench.ForceEntry(owner, entry => entry with
        {
            Changes = [new EpochBegins(2, next.Identity!.Recipient), next.GrantTo(owner.Self, self.SealingKey, self.Entry.Roles, owner.Id, planted)],
        });
        await VaultBench.RefusedAsync(FaultCodes.BundleMismatch, () => _bench.OpenByFileAsync());
    }
}
