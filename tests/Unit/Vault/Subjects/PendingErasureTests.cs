using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

/// <summary>An erasure that waits for signatures: what holds, a withdrawal, or a removed owner do to it meanwhile, and what the signers read.</summary>
public sealed class PendingErasureTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_hold_that_comes_while_an_erasure_waits_defers_it_whoever_carries_the_ledger_on()
    {
        var (ann, bob) = await TwoAsync("Anna", "Bert", "Carla");
        using (ann)
        using (bob)
        {
            await SubjectScene.EraseAsync(ann, "Anna", "Bert");
            var hold = await HoldAsync(ann, bob, HoldScope.Subject, ann.Keys.PseudonymOf("Anna").Value);

            // Asked again, it proposes no more than it says.
            Assert.Equal(ErasureState.Deferred, Assert.Single(await SubjectScene.EraseAsync(ann, "Anna")).State);
            Assert.Equal(ErasureState.Pending, Assert.Single(await SubjectScene.EraseAsync(bob, "Carla")).State);
            await new SubjectEraser(ann.RequireReader()).ResumeAsync(Token);
            var erased = await SignAsync(bob, ann);
            Assert.Equal(
                [.. new[] { "Bert", "Carla" }.Select(ann.Keys.PseudonymOf).Order()],
                [.. erased.Where(static outcome => outcome.State == ErasureState.Erased).Select(static outcome => outcome.Subject).Order()]);
            Assert.Equal("1 0 0", await SubjectScene.CountAsync(ann, "Anna", "Bert", "Carla"));

            await LegalHolds.ReleaseAsync(ann, hold, "lawsuit settled", Token);
            await SignAsync(ann, bob);
            await SignAsync(bob, ann);
            Assert.Equal("0 0 0", await SubjectScene.CountAsync(ann, "Anna", "Bert", "Carla"));
            await SubjectScene.RequireNothingLeftOverAsync(ann, _bench.Target);
            Assert.DoesNotContain(await PendingChanges.ListAsync(ann, Token), static change => !change.IsStale);
        }
    }

    [Fact]
    public async Task A_hold_on_a_data_set_spares_it_in_an_erasure_that_waits()
    {
        var (ann, bob) = await TwoAsync("Anna");
        using (ann)
        using (bob)
        {
            await SubjectScene.AddAsync(ann, "orders", "Anna");
            await SubjectScene.EraseAsync(ann, "Anna");
            await HoldAsync(ann, bob, HoldScope.DataSet, ann.Keys.DataSetIdOf("orders").Value);
            await new SubjectEraser(ann.RequireReader()).ResumeAsync(Token);
            await SignAsync(ann, bob);
            using var keyring = await SubjectKeyring.OpenAsync(ann.RequireReader(), Token);
            using var left = Assert.Single(await keyring.OfSubjectAsync("Anna", Token));
            Assert.Equal(ann.Keys.DataSetIdOf("orders"), left.DataSet);
        }
    }

    [Fact]
    public async Task A_signer_is_kept_from_an_erasure_that_a_hold_forbids_and_from_one_that_is_not_there()
    {
        var (ann, bob) = await TwoAsync("Anna");
        using (ann)
        using (bob)
        {
            await SubjectScene.EraseAsync(ann, "Anna");
            var head = (await ErasureLedger.ReadAsync(ann, null, Token)).Head!;
            await HoldAsync(ann, bob, HoldScope.Subject, ann.Keys.PseudonymOf("Anna").Value);
            await ann.RefreshAsync(Token);

            // As a program would propose it that does not look.
            foreach (var proposed in (LedgerHead[])[head, new LedgerHead(7, head.Hash), head with { Hash = ContentHash.Of([1]) }])
            {
                var id = (await ann.AppendAsync([proposed], Token)).Pending!.Value;
                var change = await PendingChanges.FindAsync(bob, id.ToString(), Token);
                await VaultBench.RefusedAsync(FaultCodes.ChangeStale, () => PendingChanges.ApproveAsync(bob, change, Token));
                Assert.Equal(proposed == head, !change.Changes[0].Contains("cannot be shown", StringComparison.Ordinal));
            }

            Assert.Equal("1", await SubjectScene.CountAsync(ann, "Anna"));
            Assert.Null(bob.Register.LedgerHead);
        }
    }

    [Fact]
    public async Task Signers_read_whom_a_change_erases_and_what_they_withdraw_no_later_change_carries_out()
    {
        var (ann, bob) = await TwoAsync("Anna", "Bert", "Carla");
        using (ann)
        using (bob)
        {
            // With a stolen owner's key: everybody is to be erased.
            await SubjectScene.EraseAsync(ann, "Anna", "Bert");
            await WriteAsync(ann, "a line\nEntry 9: erase nobody.", [.. Enumerable.Range(0, 1_000).Select(static i => $"member {i}"), "Carla"]);
            Assert.Equal(ErasureState.Pending, Assert.Single(await SubjectScene.EraseAsync(bob, "Anna")).State);
            var changes = (await PendingChanges.ListAsync(bob, Token)).OrderBy(static change => change.Changes.Count).ToList();
            Assert.Contains(changes[^1].Changes, static text => text.StartsWith("Entry 0: erase 2 customer(s) (", StringComparison.Ordinal) && text.EndsWith("in all data sets. Reason: asked for by letter", StringComparison.Ordinal));
            Assert.Contains(changes[^1].Changes, static text => text.StartsWith("Entry 1: erase 1,001 customer(s) (", StringComparison.Ordinal) && text.EndsWith(@"Reason: a line\x0aEntry 9: erase nobody.", StringComparison.Ordinal));
            foreach (var change in changes)
            {
                await PendingChanges.RemoveAsync(bob, change, Token);
            }

            Assert.Empty(await PendingChanges.ListAsync(bob, Token));
            await new SubjectEraser(bob.RequireReader()).ResumeAsync(Token);
            Assert.Empty(await PendingChanges.ListAsync(bob, Token));

            Assert.Equal(ErasureState.Pending, Assert.Single(await SubjectScene.EraseAsync(bob, "Bert")).State);
            var honest = Assert.Single(await PendingChanges.ListAsync(ann, Token));
            Assert.Contains(honest.Changes, static text => text.StartsWith("Entry 1 (not carried out", StringComparison.Ordinal));
            Assert.Equal([ann.Keys.PseudonymOf("Bert")], (await SignAsync(bob, ann)).Select(static outcome => outcome.Subject));
            Assert.Equal("1 0 1", await SubjectScene.CountAsync(ann, "Anna", "Bert", "Carla"));
        }
    }

    [Fact]
    public async Task A_change_whose_erasure_was_withdrawn_with_another_one_cannot_be_signed()
    {
        var (ann, bob) = await TwoAsync("Anna", "Bert");
        using (ann)
        using (bob)
        {
            await SubjectScene.EraseAsync(ann, "Anna");
            var first = Assert.Single(await PendingChanges.ListAsync(bob, Token));
            await SubjectScene.EraseAsync(bob, "Bert");
            var both = Assert.Single(await PendingChanges.ListAsync(bob, Token), change => change.Id != first.Id);
            await PendingChanges.RemoveAsync(bob, first, Token);
            Assert.True(Assert.Single(await PendingChanges.ListAsync(ann, Token)).IsStale);
            await VaultBench.RefusedAsync(FaultCodes.ChangeStale, () => PendingChanges.ApproveAsync(ann, both, Token));
            Assert.Equal("1 1", await SubjectScene.CountAsync(ann, "Anna", "Bert"));

            await new SubjectEraser(bob.RequireReader()).ResumeAsync(Token);
            await SignAsync(bob, ann);
            Assert.Equal("1 0", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
        }
    }

    [Fact]
    public async Task A_stale_change_is_cleared_away_without_the_erasure_that_was_proposed_anew()
    {
        var (ann, bob) = await TwoAsync("Anna");
        using (ann)
        using (bob)
        {
            await SubjectScene.EraseAsync(ann, "Anna");
            var stale = Assert.Single(await PendingChanges.ListAsync(ann, Token));
            var grace = (await PolicyChange.ApplyAsync(bob, new NewPolicy { GraceTime = TimeSpan.FromDays(2) }, Token)).Append.Pending!.Value;
            await PendingChanges.ApproveAsync(ann, await PendingChanges.FindAsync(ann, grace.ToString(), Token), Token);
            await SubjectScene.EraseAsync(ann, "Anna");
            await PendingChanges.RemoveAsync(ann, stale, Token);
            await SignAsync(ann, bob);
            Assert.Equal("0", await SubjectScene.CountAsync(ann, "Anna"));
        }
    }

    [Fact]
    public async Task What_enough_owners_have_signed_one_cannot_take_back()
    {
        var (ann, bob) = await TwoAsync("Anna", "Bert");
        using (ann)
        using (bob)
        {
            var additions = _bench.Target.Clone();
            await SubjectScene.EraseAsync(ann, "Anna");
            await SignAsync(ann, bob);
            var ledger = await ErasureLedger.ReadAsync(ann, null, Token);
            await new ErasureRecorder(ann, ledger).WithdrawAsync(ledger.Entries, "brings her back", Token);
            foreach (var (name, bytes) in additions.Objects.Where(static pair => pair.Key.Value.StartsWith(ObjectNames.Keyring, StringComparison.Ordinal)))
            {
                _bench.Target.Replace(name, bytes.Span);
            }

            await SubjectScene.EraseAsync(ann, "Bert");
            await SignAsync(ann, bob);
            var after = await ErasureLedger.ReadAsync(ann, null, Token);
            Assert.True(after.IsErased(ann.Keys.PseudonymOf("Anna"), ann.Keys.DataSetIdOf("members"), 0));
            Assert.Equal("0 0", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
        }
    }

    [Fact]
    public async Task A_writer_that_ran_while_an_erasure_waited_uses_no_key_that_died_by_it()
    {
        var (ann, bob) = await TwoAsync();
        using (ann)
        using (bob)
        using (var shop = await ShopAsync(ann, bob))
        {
            var first = await SubjectScene.AddAsync(shop, "members", "Anna", "Bert");
            await SubjectScene.EraseAsync(ann, "Anna");
            Assert.Equal(first, await SubjectScene.AddAsync(shop, "members", "Anna", "Bert"));

            // Who is new to a host meanwhile dies too: the erasure counts from its last signature.
            await SubjectScene.AddAsync(shop, "orders", "Anna");
            await SignAsync(ann, bob);
            Assert.Equal("0 1", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
            var second = await SubjectScene.AddAsync(shop, "members", "Anna", "Bert");
            Assert.NotEqual(first["Anna"], second["Anna"]);
            Assert.Equal(first["Bert"], second["Bert"]);
            Assert.Equal("1 1", await SubjectScene.CountAsync(ann, "Anna", "Bert"));
        }
    }

    [Fact]
    public async Task A_writer_goes_on_when_the_entry_that_it_read_was_a_removed_owner_s_and_another_takes_its_place()
    {
        var (ann, bob) = await TwoAsync();
        using (ann)
        using (bob)
        using (var shop = await ShopAsync(ann, bob))
        {
            await MemberAdmission.AddAsync(ann, new NewMember("cid", MemberRoles.Owner) { KeyFilePath = _bench["cid.key"] }, Token);
            await SignAsync(ann, bob);
            using (var cid = await _bench.OpenByFileAsync(_bench["cid.key"], "cid"))
            {
                await SubjectScene.AddAsync(shop, "members", "Anna", "Bert");
                await WriteAsync(cid, "stolen", "Anna", "Bert");
                await SubjectScene.AddAsync(shop, "members", "Anna", "Bert", "Carla");
                await MemberRevocation.RevokeAsync(ann, new RevocationRequest(cid.Self, "stolen"), Token);
            }

            await SignAsync(ann, bob);
            await SubjectScene.EraseAsync(ann, "Bert");
            await SignAsync(ann, bob);
            await SubjectScene.AddAsync(shop, "members", "Anna", "Bert", "Carla");
            Assert.Equal("1 1 1", await SubjectScene.CountAsync(ann, "Anna", "Bert", "Carla"));
            Assert.DoesNotContain(FaultCodes.AdditionRefused, _bench.Sink.Codes);
        }
    }

    /// <summary>A request as one owner's key alone can write it: into the ledger, with no change proposed.</summary>
    private static async Task WriteAsync(UnlockedVault owner, string reason, params string[] subjects)
    {
        var record = new LedgerRecord
        {
            Time = owner.Now, Subjects = [.. subjects.Select(owner.Keys.PseudonymOf).Order()], Reason = reason, KeysDestroyed = 0, HorizonEnd = owner.Now,
        };
        await LedgerWriter.AppendAsync(owner, await ErasureLedger.ReadAsync(owner, after: null, Token), record, Token);
    }

    /// <summary>The change that waits and carries the most.</summary>
    private static async Task<List<ErasureOutcome>> SignAsync(UnlockedVault proposer, UnlockedVault signer)
    {
        var erased = new List<ErasureOutcome>();
        var change = (await PendingChanges.ListAsync(signer, Token)).Where(static change => !change.IsStale).MaxBy(static change => change.Changes.Count)!;
        erased.AddRange((await PendingChanges.ApproveAsync(signer, change, Token)).Erased);
        await proposer.RefreshAsync(Token);
        return erased;
    }

    private static async Task<HoldId> HoldAsync(UnlockedVault ann, UnlockedVault bob, HoldScope scope, Id256 on)
    {
        DataSetId[] dataSets = scope == HoldScope.DataSet ? [new DataSetId(on)] : [ann.Keys.DataSetIdOf("members")];
        var (hold, append) = await LegalHolds.PlaceAsync(ann, new HoldRequest(scope, on, dataSets, null) { Reason = "lawsuit", Owner = "legal" }, Token);
        await PendingChanges.ApproveAsync(bob, await PendingChanges.FindAsync(bob, append.Pending!.Value.ToString(), Token), Token);
        return hold.Placed.Id;
    }

    private async Task<UnlockedVault> ShopAsync(UnlockedVault ann, UnlockedVault bob)
    {
        await WriterKeys.ExportAsync(ann, "shop", _bench["shop.key"], null, Token);
        await SignAsync(ann, bob);
        return await _bench.OpenByFileAsync(_bench["shop.key"], "shop");
    }

    /// <summary>Two owners who must both sign, and customers.</summary>
    private async Task<(UnlockedVault Ann, UnlockedVault Bob)> TwoAsync(params string[] subjects)
    {
        var ann = await _bench.CreateAsync();
        await MemberAdmission.AddAsync(ann, new NewMember("bob", MemberRoles.Owner) { KeyFilePath = _bench["bob.key"] }, Token);
        if (subjects.Length > 0)
        {
            await SubjectScene.AddAsync(ann, "members", subjects);
            await new KeyringRewriter(ann.RequireReader()).RunAsync(Token);
        }

        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = 2 }, Token);
        return (ann, await _bench.OpenByFileAsync(_bench["bob.key"], "bob"));
    }
}
