using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

public sealed class SubjectKeyringTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_key_that_a_writer_made_is_found_by_the_owner_by_domain_and_by_subject()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop");
        var dataSet = writer.Keys.DataSetIdOf("members");
        using var issuer = await SubjectKeyIssuer.BeginAsync(writer, dataSet, CancellationToken.None);
        var anna = issuer.For("Anna");
        using var bert = issuer.For("Bert").Key;
        Assert.Equal(anna.Id, issuer.For("Anna").Id);
        Assert.Equal(writer.Keys.PseudonymOf("Anna").Value.ToArray()[..3], anna.Id.Value.ToArray()[..3]);
        await issuer.StoreAdditionsAsync(CancellationToken.None);
        await issuer.StoreAdditionsAsync(CancellationToken.None);
        Assert.Single(_bench.Target.Objects.Keys, static name => name.Value.StartsWith(ObjectNames.KeyringAdditions, StringComparison.Ordinal));

        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), CancellationToken.None);
        using var found = (await keyring.FindAsync(anna.Id, CancellationToken.None))!.Key;
        Assert.Equal(anna.Key.Bytes, found.Bytes);
        Assert.Null(await keyring.FindAsync(new DomainId(Id256.Random()), CancellationToken.None));
        using var entry = Assert.Single(await keyring.OfSubjectAsync("Bert", CancellationToken.None));
        Assert.Equal((dataSet, 0u), (entry.DataSet, entry.Generation));
        Assert.Equal(bert.Bytes, entry.Key.Bytes);
        Assert.Empty(await keyring.OfSubjectAsync("Carla", CancellationToken.None));
        await Assert.ThrowsAsync<KeyException>(() => Task.FromResult(writer.RequireReader()));
    }

    [Fact]
    public async Task A_name_that_is_no_text_is_refused()
    {
        using var owner = await _bench.CreateAsync();
        using var issuer = await SubjectKeyIssuer.BeginAsync(owner, owner.Keys.DataSetIdOf("members"), CancellationToken.None);
        foreach (var subject in (string[])["", " \t\u00a0\r\n", "broken " + '\ud800', new string('x', 5_000)])
        {
            await VaultBench.RefusedAsync(FaultCodes.SubjectInvalid, () => Task.FromResult(issuer.For(subject)));
        }
    }

    [Fact]
    public async Task A_name_is_one_name_however_its_accents_are_written()
    {
        using var owner = await _bench.CreateAsync();
        Assert.Equal(owner.Keys.PseudonymOf("Zoë"), owner.Keys.PseudonymOf("Zoe\u0308"));
    }

    [Fact]
    public async Task A_name_is_one_name_whatever_white_space_stands_around_it_and_another_with_some_inside()
    {
        using var owner = await _bench.CreateAsync();
        foreach (var typed in (string[])["4711 ", " 4711", "\t4711\r\n", "4711\u00a0", "\u30004711\u2028", "4711\u0085"])
        {
            Assert.Equal(owner.Keys.PseudonymOf("4711"), owner.Keys.PseudonymOf(typed));
            Assert.Equal("4711", SubjectName.Of(typed));
        }

        Assert.NotEqual(owner.Keys.PseudonymOf("4711"), owner.Keys.PseudonymOf("47 11"));
        Assert.Equal(owner.Keys.PseudonymOf(new string('x', SubjectName.MaxBytes)), owner.Keys.PseudonymOf(new string('x', SubjectName.MaxBytes) + "  "));
    }

    [Fact]
    public async Task A_ledger_entry_kills_older_keys_and_spares_those_made_after_it()
    {
        using var owner = await _bench.CreateAsync();
        var dataSet = owner.Keys.DataSetIdOf("members");
        using var before = await SubjectKeyIssuer.BeginAsync(owner, dataSet, CancellationToken.None);
        var old = before.For("Anna");
        var other = before.For("Bert");
        await before.StoreAdditionsAsync(CancellationToken.None);
        Assert.Empty(await before.ErasedSinceAsync(CancellationToken.None));

        await WriteEntryAsync(owner, 0, null, "Anna");
        Assert.Equal([old.Id], await before.ErasedSinceAsync(CancellationToken.None));
        using var after = await SubjectKeyIssuer.BeginAsync(owner, dataSet, CancellationToken.None);
        var fresh = after.For("Anna");
        Assert.NotEqual(old.Id, fresh.Id);
        await after.StoreAdditionsAsync(CancellationToken.None);
        Assert.Empty(await after.ErasedSinceAsync(CancellationToken.None));

        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), CancellationToken.None);
        Assert.Null(await keyring.FindAsync(old.Id, CancellationToken.None));
        Assert.NotNull(await keyring.FindAsync(other.Id, CancellationToken.None));
        Assert.Equal((fresh.Id, 1u), (await keyring.OfSubjectAsync("Anna", CancellationToken.None)).Select(static entry => (entry.Domain, entry.Generation)).Single());
    }

    [Fact]
    public async Task Rubbish_where_the_next_entry_will_be_is_reported_and_hides_nothing()
    {
        using var owner = await _bench.CreateAsync();
        await WriteEntryAsync(owner, 0, null, "Anna");
        _bench.Target.Replace(ObjectNames.LedgerEntry(1), [1, 2, 3]);
        Assert.Equal(1u, (await ErasureLedger.ReadAsync(owner, null, CancellationToken.None)).Length);
        Assert.Contains(FaultCodes.LedgerDamaged, _bench.Sink.Codes);
    }

    [Fact]
    public async Task A_gap_in_the_ledger_is_refused()
    {
        using var owner = await _bench.CreateAsync();
        await WriteEntryAsync(owner, 0, null, "Anna");
        var first = (await ErasureLedger.ReadAsync(owner, null, CancellationToken.None)).Head!;
        await owner.AppendAsync([first], CancellationToken.None);
        Assert.True(_bench.Target.Remove(ObjectNames.LedgerEntry(0)));
        await VaultBench.RefusedAsync(FaultCodes.LedgerDamaged, () => SubjectKeyring.OpenAsync(owner.RequireReader(), CancellationToken.None));
    }

    [Fact]
    public async Task Keys_for_a_data_set_that_their_writer_may_not_write_count_for_nothing()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief", "logs");
        using var issuer = await SubjectKeyIssuer.BeginAsync(thief, thief.Keys.DataSetIdOf("members"), CancellationToken.None);
        var planted = issuer.For("Anna");
        await issuer.StoreAdditionsAsync(CancellationToken.None);
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), CancellationToken.None);
        Assert.Null(await keyring.FindAsync(planted.Id, CancellationToken.None));
        Assert.Contains(FaultCodes.AdditionRefused, _bench.Sink.Codes);
    }

    private static Task<SecureBackup.Engine.Targets.PutReceipt> WriteEntryAsync(UnlockedVault owner, uint number, ContentHash? previous, string subject) => owner.Store.PutAsync(
        ObjectNames.LedgerEntry(number),
        LedgerCodec.Seal(owner, number, previous, new LedgerRecord
        {
            Time = owner.Now,
            Subjects = [owner.Keys.PseudonymOf(subject)],
            Reason = "asked for",
            KeysDestroyed = 1,
            HorizonEnd = owner.Now,
        }),
        CancellationToken.None);
}
