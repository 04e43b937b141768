using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

/// <summary>What a collection by an owner does for the keyring.</summary>
public sealed class KeyringUpkeepTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_collection_folds_additions_in_and_its_plan_says_so_before()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert", "Carla");
        var before = _bench.Target.Objects.Keys.ToList();
        Assert.Equal(3, (await CollectCorridor.PlanAsync(owner, CollectOptions.Default, Token)).SubjectKeysFolded);
        Assert.Equal(before, _bench.Target.Objects.Keys);
        var result = await CollectAsync(owner);
        Assert.Equal((3, 1), (result.SubjectKeysFolded, result.KeyringObjectsDeleted));
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        var head = owner.Register.Head;
        var idle = await CollectAsync(owner);
        Assert.Equal((0, 0, head), (idle.SubjectKeysFolded, idle.KeyringObjectsDeleted, owner.Register.Head));
        Assert.Equal("1 1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert", "Carla"));
    }

    [Fact]
    public async Task A_key_that_a_backup_stores_while_its_subject_is_erased_is_dead_at_once_and_destroyed_by_the_next_collection()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        using var issuer = await SubjectKeyIssuer.BeginAsync(shop, shop.Keys.DataSetIdOf("members"), Token);
        issuer.For("Anna").Key.Dispose();
        issuer.For("Bert").Key.Dispose();
        await SubjectScene.AddAsync(owner, "members", "Anna");
        Assert.Equal(ErasureState.Erased, Assert.Single(await SubjectScene.EraseAsync(owner, "Anna")).State);
        await issuer.StoreAdditionsAsync(Token);
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        Assert.Equal(1, SubjectScene.CountOf(_bench.Target, ObjectNames.KeyringAdditions));

        await CollectAsync(owner);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        using var stored = (await StoredKeyring.OpenAsync(owner, Token))!;
        Assert.Equal(1, stored.Map.KeyCount);
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }

    [Fact]
    public async Task A_collection_ends_an_interrupted_erasure_and_tells_whose_once()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await SubjectScene.BeginErasureAsync(owner, "members", "Anna");
        var result = await CollectAsync(owner);
        var erased = Assert.Single(result.Erasures);
        Assert.Equal(
            (1L, owner.Keys.PseudonymOf("Anna"), ErasureState.Erased, 1, "asked for by letter"),
            (result.SubjectsErased, erased.Subject, erased.State, erased.KeysDestroyed, erased.Entry!.Record.Reason));
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        Assert.Empty((await CollectAsync(owner)).Erasures);
    }

    [Fact]
    public async Task A_root_names_the_additions_of_many_years_no_more_and_no_writer_loses_its_keys_by_that()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        var domains = await SubjectScene.AddAsync(shop, "members", "Anna");
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        Assert.Equal(domains["Anna"], (await SubjectScene.AddAsync(shop, "members", "Anna", "Bert"))["Anna"]);

        // As a root is made when it would name too many.
        var ledger = await ErasureLedger.ReadAsync(owner, after: null, Token);
        using var old = (await StoredKeyring.OpenAsync(owner, Token))!;
        Assert.Single(old.Root.Folded);
        using var additions = await UnfoldedAdditions.LoadAsync(owner.RequireReader(), old.Root.Folded, ledger.Length, Token);
        using (var builder = new KeyringBuilder(owner, old, additions, ledger) { MaxFolded = 1 })
        {
            await owner.AppendAsync([await builder.BuildAsync([], Token)], Token);
        }

        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        using var trimmed = (await StoredKeyring.OpenAsync(owner, Token))!;
        Assert.True(trimmed.Root.Folded.SetEquals(additions.Next.Ids));
        Assert.Equal(domains["Anna"], (await SubjectScene.AddAsync(shop, "members", "Anna"))["Anna"]);
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }

    private static Task<CollectResult> CollectAsync(UnlockedVault vault) => CollectCorridor.RunAsync(vault, CollectOptions.Default, RunContext.Unwatched, Token);
}
