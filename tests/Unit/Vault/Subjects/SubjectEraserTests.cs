using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

public sealed class SubjectEraserTests : IDisposable
{
    private readonly VaultBench _bench = new();
    private readonly List<string> _asked = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task An_erased_subject_is_gone_everywhere_and_nobody_else_is()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        using var till = await _bench.OpenAsWriterAsync(owner, "till");
        var domains = await SubjectScene.AddAsync(shop, "members", "Anna", "Bert", "Carla");
        await SubjectScene.AddAsync(till, "members", "Anna");
        await SubjectScene.AddAsync(till, "orders", "Anna", "Bert");
        Assert.Equal("3 2 1", await SubjectScene.CountAsync(owner, "Anna", "Bert", "Carla"));

        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        Assert.Equal((ErasureState.Erased, 3, 2, 0u), (outcome.State, outcome.KeysDestroyed, outcome.DataSets.Count, outcome.Entry!.Number));
        Assert.Equal("0 2 1", await SubjectScene.CountAsync(owner, "Anna", "Bert", "Carla"));
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        Assert.Equal(outcome.Entry.Head, owner.Register.LedgerHead);
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        Assert.Equal(3, keyring.KeyCount);
        Assert.Null(await keyring.FindAsync(domains["Anna"], Token));
        Assert.NotNull(await keyring.FindAsync(domains["Carla"], Token));
    }

    [Fact]
    public async Task Folding_keeps_every_key_and_takes_each_addition_in_once()
    {
        using var owner = await _bench.CreateAsync();
        var subjects = Enumerable.Range(0, 1_000).Select(static i => $"member {i}").ToArray();
        var domains = await SubjectScene.AddAsync(owner, "members", subjects);
        var before = _bench.Target.Clone();
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        foreach (var (name, bytes) in before.Objects.Where(static pair => pair.Key.Value.StartsWith(ObjectNames.KeyringAdditions, StringComparison.Ordinal)))
        {
            // Storage shows the additions again.
            _bench.Target.Replace(name, bytes.Span);
        }

        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        Assert.Equal(1_000, keyring.KeyCount);
        foreach (var subject in subjects)
        {
            using var key = (await keyring.FindAsync(domains[subject], Token))!.Key;
        }

        var head = owner.Register.Head;
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        Assert.Equal(head, owner.Register.Head);
        Assert.Equal(0, SubjectScene.CountOf(_bench.Target, ObjectNames.KeyringAdditions));
    }

    [Fact]
    public async Task Buckets_grow_with_the_keys()
    {
        using var owner = await _bench.CreateAsync();
        for (var part = 0; part < 4; part++)
        {
            await SubjectScene.AddAsync(owner, "members", [.. Enumerable.Range(part * 500, 500).Select(static i => $"member {i}")]);
            await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        }

        using var stored = (await StoredKeyring.OpenAsync(owner, Token))!;
        Assert.Equal((2_000, 3, 8, 4u), (stored.Map.KeyCount, stored.Map.Bits, stored.Map.Count, stored.Map.Generation));
        await SubjectScene.EraseAsync(owner, [.. Enumerable.Range(0, 1_999).Select(static i => $"member {i}")]);
        Assert.Equal("0 0 1", await SubjectScene.CountAsync(owner, "member 0", "member 1998", "member 1999"));
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
    }

    [Fact]
    public async Task Who_returns_gets_new_keys_and_the_old_ones_stay_dead()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        var first = await SubjectScene.AddAsync(shop, "members", "Anna", "Bert");
        await SubjectScene.EraseAsync(owner, "Anna");
        var second = await SubjectScene.AddAsync(shop, "members", "Anna", "Bert");
        Assert.NotEqual(first["Anna"], second["Anna"]);
        Assert.Equal(first["Bert"], second["Bert"]);
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        var again = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        Assert.Equal((1, 1u), (again.KeysDestroyed, again.Entry!.Number));
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }

    [Fact]
    public async Task A_subject_erased_while_a_writer_backs_her_up_is_told_to_the_writer_and_her_late_keys_are_dead()
    {
        using var owner = await _bench.CreateAsync();
        using var shop = await _bench.OpenAsWriterAsync(owner, "shop");
        await SubjectScene.AddAsync(shop, "members", "Anna");
        using var issuer = await SubjectKeyIssuer.BeginAsync(shop, shop.Keys.DataSetIdOf("members"), Token);
        var anna = issuer.For("Anna");
        var bert = issuer.For("Bert");
        await SubjectScene.AddAsync(owner, "members", "Anna");
        await SubjectScene.EraseAsync(owner, "Anna");
        await issuer.StoreAdditionsAsync(Token);
        Assert.Equal([anna.Id], await issuer.ErasedSinceAsync(Token));
        await issuer.RememberAsync(Token);

        // Another host adds keys of the old generation after the erasure: they are dead wherever they turn up, and the next rewrite destroys them.
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        var known = await SubjectScene.AddAsync(shop, "members", "Anna", "Bert");
        Assert.NotEqual(anna.Id, known["Anna"]);
        Assert.Equal(bert.Id, known["Bert"]);
    }

    [Fact]
    public async Task Erasing_for_one_data_set_leaves_the_others()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna");
        await SubjectScene.AddAsync(owner, "orders", "Anna");
        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "orders", ["Anna"]));
        Assert.Equal([owner.Keys.DataSetIdOf("orders")], outcome.DataSets);
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        Assert.Equal(owner.Keys.DataSetIdOf("members"), Assert.Single(await keyring.OfSubjectAsync("Anna", Token)).DataSet);
    }

    [Fact]
    public async Task An_unknown_subject_is_said_to_be_unknown_and_one_erased_before_to_be_erased()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna");
        await SubjectScene.EraseAsync(owner, "Anna");
        var head = owner.Register.Head;
        var outcomes = await SubjectScene.EraseAsync(owner, "Anna", "Ann");
        Assert.Equal(ErasureState.Unknown, outcomes.Single(outcome => outcome.Subject == owner.Keys.PseudonymOf("Ann")).State);
        var before = outcomes.Single(outcome => outcome.Subject == owner.Keys.PseudonymOf("Anna"));
        Assert.Equal((ErasureState.Erased, 1, 0u), (before.State, before.KeysDestroyed, before.Entry!.Number));
        Assert.Equal(head, owner.Register.Head);
        await VaultBench.RefusedAsync(
            FaultCodes.ReasonMissing,
            () => new SubjectEraser(owner.RequireReader()).EraseAsync(new ErasureRequest { Subjects = [owner.Keys.PseudonymOf("Anna")], Reason = "" }, Token));
    }

    [Fact]
    public async Task Two_owners_who_erase_at_once_both_succeed()
    {
        using var owner = await _bench.CreateAsync();
        string[] subjects = [.. Enumerable.Range(0, 40).Select(static i => $"member {i}")];
        await SubjectScene.AddAsync(owner, "members", subjects);
        var erasures = Enumerable.Range(0, 4).Select(async part =>
        {
            using var mine = await _bench.OpenByFileAsync(host: $"host-{part}");
            return await Task.Run(() => SubjectScene.EraseAsync(mine, subjects[(part * 9)..((part + 1) * 9)]), Token);
        });
        var outcomes = (await Task.WhenAll(erasures)).SelectMany(static list => list).ToList();
        Assert.Equal(36, outcomes.Count);
        Assert.All(outcomes, static outcome => Assert.Equal(ErasureState.Erased, outcome.State));
        Assert.Equal("0 0 1 1", await SubjectScene.CountAsync(owner, "member 0", "member 35", "member 36", "member 39"));
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
    }

    [Fact]
    public async Task A_sweep_that_others_overtake_takes_nothing_of_theirs()
    {
        using (var first = await _bench.CreateAsync())
        {
            await SubjectScene.AddAsync(first, "members", "Anna", "Bert", "Carla", "Dora");
        }

        using var other = await _bench.OpenByFileAsync(host: "another");
        using var owner = await WatchedAsync(async () =>
        {
            await SubjectScene.EraseAsync(other, "Bert");
            await SubjectScene.EraseAsync(other, "Carla");
        });
        await SubjectScene.EraseAsync(owner, "Anna");
        Assert.Equal("0 0 0 1", await SubjectScene.CountAsync(other, "Anna", "Bert", "Carla", "Dora"));
        await SubjectScene.RequireNothingLeftOverAsync(other, _bench.Target);
    }

    [Fact]
    public async Task A_hold_on_a_data_set_defers_only_the_keys_in_it_and_its_release_resumes()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await SubjectScene.AddAsync(owner, "orders", "Anna");
        var orders = owner.Keys.DataSetIdOf("orders");
        var (hold, _) = await LegalHolds.PlaceAsync(
            owner, new HoldRequest(HoldScope.DataSet, orders.Value, [orders], "orders") { Reason = "tax audit", Owner = "finance" }, Token);
        var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
        Assert.Equal((ErasureState.Deferred, 1, hold.Placed.Id), (outcome.State, outcome.KeysDestroyed, Assert.Single(outcome.Holds).Id));
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        Assert.Empty((await new SubjectEraser(owner.RequireReader()).ResumeAsync(Token)).Erased);
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));

        await LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "audit closed", Token);
        var resumed = Assert.Single((await new SubjectEraser(owner.RequireReader()).ResumeAsync(Token)).Erased);
        Assert.Equal((ErasureState.Erased, 1, "asked for by letter"), (resumed.State, resumed.KeysDestroyed, resumed.Entry!.Record.Reason));
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        Assert.Empty((await new SubjectEraser(owner.RequireReader()).ResumeAsync(Token)).Erased);
    }

    [Fact]
    public async Task What_comes_after_a_deferred_request_gets_a_key_that_the_release_leaves()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "till");
        var before = await SubjectScene.AddAsync(writer, "members", "Anna", "Bert");
        var members = owner.Keys.DataSetIdOf("members");
        var (hold, _) = await LegalHolds.PlaceAsync(
            owner, new HoldRequest(HoldScope.DataSet, members.Value, [members], "members") { Reason = "tax audit", Owner = "finance" }, Token);
        Assert.Equal(ErasureState.Deferred, Assert.Single(await SubjectScene.EraseAsync(owner, "Anna")).State);

        var after = await SubjectScene.AddAsync(writer, "members", "Anna", "Bert");
        Assert.NotEqual(before["Anna"], after["Anna"]);
        Assert.Equal(before["Bert"], after["Bert"]);
        Assert.Equal("2 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));

        await LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "audit closed", Token);
        Assert.Equal(1, Assert.Single((await new SubjectEraser(owner.RequireReader()).ResumeAsync(Token)).Erased).KeysDestroyed);
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        Assert.Equal(after["Anna"], (await SubjectScene.AddAsync(writer, "members", "Anna"))["Anna"]);
    }

    [Fact]
    public async Task An_erasure_reads_the_ledger_once_and_deferred_requests_cost_one_keyring_and_none_when_they_are_fulfilled()
    {
        using (var first = await _bench.CreateAsync())
        {
            await SubjectScene.AddAsync(first, "members", "Anna", "Bert", "Carla", "Dora");
        }

        using var owner = await WatchedAsync();
        await SubjectScene.EraseAsync(owner, "Dora");
        Assert.Equal(1, CountAsked(ObjectNames.Ledger));

        var members = owner.Keys.DataSetIdOf("members");
        var (hold, _) = await LegalHolds.PlaceAsync(
            owner, new HoldRequest(HoldScope.DataSet, members.Value, [members], "members") { Reason = "tax audit", Owner = "finance" }, Token);
        foreach (var subject in (string[])["Anna", "Bert", "Carla", "Anna"])
        {
            Assert.Equal(ErasureState.Deferred, Assert.Single(await SubjectScene.EraseAsync(owner, subject)).State);
        }

        var root = ObjectNames.KeyringObject(ObjectNames.KeyringRoots, owner.Register.KeyringRoot!.Id).Value;
        _asked.Clear();
        Assert.Equal(0, (await new SubjectEraser(owner.RequireReader()).PlanResumeAsync(Token)).Due);
        Assert.Equal(2, CountAsked(root));

        await LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "audit closed", Token);
        var length = (await ErasureLedger.ReadAsync(owner, null, Token)).Length;
        Assert.Equal(3, (await new SubjectEraser(owner.RequireReader()).ResumeAsync(Token)).Erased.Count);
        Assert.Equal(length + 3, (await ErasureLedger.ReadAsync(owner, null, Token)).Length);
        Assert.Equal("0 0 0", await SubjectScene.CountAsync(owner, "Anna", "Bert", "Carla"));

        // Done for good: whether something is left to do is told by the ledger alone.
        root = ObjectNames.KeyringObject(ObjectNames.KeyringRoots, owner.Register.KeyringRoot!.Id).Value;
        _asked.Clear();
        Assert.Equal(0, (await new SubjectEraser(owner.RequireReader()).PlanResumeAsync(Token)).Due);
        Assert.Equal(1, CountAsked(root));
    }

    [Fact]
    public async Task A_hold_on_a_subject_protects_her_alone_and_who_returned_after_the_request_is_not_meant_by_it()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        var anna = owner.Keys.PseudonymOf("Anna");
        var (hold, _) = await LegalHolds.PlaceAsync(
            owner, new HoldRequest(HoldScope.Subject, anna.Value, [owner.Keys.DataSetIdOf("members")], null) { Reason = "lawsuit", Owner = "legal" }, Token);
        var outcomes = await SubjectScene.EraseAsync(owner, "Anna", "Bert");
        Assert.Equal([ErasureState.Deferred, ErasureState.Erased], outcomes.OrderBy(outcome => outcome.Subject != anna).Select(static outcome => outcome.State));
        Assert.Equal("1 0", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        await LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "settled", Token);
        using (var other = await _bench.OpenByFileAsync(host: "another"))
        {
            await SubjectScene.AddAsync(other, "orders", "Anna");
        }

        Assert.Single((await new SubjectEraser(owner.RequireReader()).ResumeAsync(Token)).Erased);
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        Assert.Equal(owner.Keys.DataSetIdOf("orders"), Assert.Single(await keyring.OfSubjectAsync("Anna", Token)).DataSet);
        Assert.Empty((await new SubjectEraser(owner.RequireReader()).ResumeAsync(Token)).Erased);
    }

    private int CountAsked(string start) => _asked.Count(name => name.StartsWith(start, StringComparison.Ordinal));

    /// <param name="beforeSweep">What others do right before the first sweep of the keyring lists it.</param>
    private async Task<UnlockedVault> WatchedAsync(Func<Task>? beforeSweep = null)
    {
        var locked = await LockedVault.OpenAsync(new Watched(_bench.Target, _asked, beforeSweep), Token);
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await locked.UnlockAsync(credential, _bench.Host(), Token);
    }

    /// <summary>Writes down what is listed and which objects are read.</summary>
    private sealed class Watched(Target inner, List<string> asked, Func<Task>? beforeSweep) : DelegatingTarget(inner)
    {
        private Func<Task>? _beforeSweep = beforeSweep;

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Note(name.Value);
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Note(prefix);
            if (prefix.Equals(ObjectNames.Keyring, StringComparison.Ordinal) && Interlocked.Exchange(ref _beforeSweep, null) is { } act)
            {
                await act();
            }

            await foreach (var stat in base.ListAsync(prefix, cancellationToken))
            {
                yield return stat;
            }
        }

        private void Note(string name)
        {
            lock (asked)
            {
                asked.Add(name);
            }
        }
    }
}
