using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>A stolen host knows domains and keys of its own. It gives them to subjects that it makes up, so that what was erased comes back, or what is there cannot be read.</summary>
public sealed class DomainClaimTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0x00, true)]
    [InlineData(0x00, false)]
    [InlineData(0xff, true)]
    [InlineData(0xff, false)]
    public async Task A_wrong_key_for_a_domain_under_a_subject_that_is_made_up_hides_the_right_one_nowhere(byte filler, bool isFoldedBefore)
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        var domains = await SubjectScene.AddAsync(thief, "members", "Anna", "Bert");
        if (isFoldedBefore)
        {
            await FoldAsync(owner);
        }

        var right = await KeyOfAsync(owner, domains["Anna"]);
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await PlantAsync(thief, Neighbour(owner, "Anna", filler), domains["Anna"], Id256.Random().ToArray(), generation: 0);
        Assert.Equal(right, await KeyOfAsync(owner, domains["Anna"]));
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        await FoldAsync(owner);
        Assert.Contains(FaultCodes.SubjectKeyConflict, _bench.Sink.Codes);
        Assert.Equal(right, await KeyOfAsync(owner, domains["Anna"]));
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task The_right_key_under_a_subject_that_is_made_up_does_not_outlive_an_erasure(bool isPlantedBefore, bool isFoldedBefore)
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        var domains = await SubjectScene.AddAsync(thief, "members", "Anna", "Bert");
        var right = await KeyOfAsync(owner, domains["Anna"]);
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        async Task PlantTwoAsync()
        {
            await PlantAsync(thief, Neighbour(owner, "Anna", 0x00), domains["Anna"], right, generation: 0);
            await PlantAsync(thief, Neighbour(owner, "Anna", 0xff), domains["Anna"], right, generation: 0);
        }

        if (isPlantedBefore)
        {
            await PlantTwoAsync();
        }

        if (isFoldedBefore)
        {
            await FoldAsync(owner);
        }

        Assert.Equal(ErasureState.Erased, Assert.Single(await SubjectScene.EraseAsync(owner, "Anna")).State);
        if (!isPlantedBefore)
        {
            await PlantTwoAsync();
        }

        await RequireGoneAsync(owner, domains["Anna"]);
        await FoldAsync(owner);
        await RequireGoneAsync(owner, domains["Anna"]);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_right_key_for_the_same_subject_at_a_later_time_does_not_undo_an_erasure(bool isErasureEnded)
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        var domains = await SubjectScene.AddAsync(thief, "members", "Anna", "Bert");
        await FoldAsync(owner);
        var right = await KeyOfAsync(owner, domains["Anna"]);
        await (isErasureEnded ? SubjectScene.EraseAsync(owner, "Anna") : SubjectScene.BeginErasureAsync(owner, "members", "Anna"));
        await PlantAsync(thief, owner.Keys.PseudonymOf("Anna"), domains["Anna"], right, generation: 1);
        await RequireGoneAsync(owner, domains["Anna"]);
        await FoldAsync(owner);
        await RequireGoneAsync(owner, domains["Anna"]);
        Assert.Contains(FaultCodes.SubjectKeyConflict, _bench.Sink.Codes);

        // Who comes back gets a domain of her own.
        await SubjectScene.AddAsync(owner, "members", "Anna");
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }

    [Fact]
    public async Task Of_an_erased_subject_a_leaf_keeps_the_domain_and_neither_key_nor_pseudonym()
    {
        using var owner = await _bench.CreateAsync();
        var domain = (await SubjectScene.AddAsync(owner, "members", "Anna", "Bert"))["Anna"];
        await SubjectScene.EraseAsync(owner, "Anna");
        using var stored = (await StoredKeyring.OpenAsync(owner, Token))!;
        using var leaf = await stored.LoadAsync(0, Token);
        var kept = leaf.Keys[Enumerable.Range(0, leaf.Keys.Count).Single(i => SubjectRecord.DomainOf(leaf.Keys[i]) == domain)];
        Assert.Equal((1, 2), (stored.Map.KeyCount, leaf.Keys.Count));
        Assert.False(kept[SubjectRecord.SharedBytes..Id256.SizeBytes].ContainsAnyExcept((byte)0));
        Assert.False(SubjectRecord.KeyOf(kept).ContainsAnyExcept((byte)0));
    }

    /// <summary>A pseudonym of nobody, of the same group.</summary>
    private static SubjectPseudonym Neighbour(UnlockedVault vault, string subject, byte filler)
    {
        var bytes = vault.Keys.PseudonymOf(subject).Value.ToArray();
        bytes.AsSpan(SubjectRecord.SharedBytes).Fill(filler);
        bytes[^1] = 1;
        return new SubjectPseudonym(Id256.Read(bytes));
    }

    private static async Task PlantAsync(UnlockedVault thief, SubjectPseudonym subject, DomainId domain, byte[] key, uint generation)
    {
        var record = new byte[SubjectRecord.SizeBytes];
        SubjectRecord.Write(record, subject, new SubjectDomainKey(domain, key, generation));
        var (id, bytes) = SubjectAddition.Seal(thief, thief.Keys.DataSetIdOf("members"), record);
        await thief.Store.PutAsync(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, id), bytes, Token);
    }

    private static Task<KeyringRewrite> FoldAsync(UnlockedVault owner) => new KeyringRewriter(owner.RequireReader()).RunAsync(Token);

    private static async Task<byte[]> KeyOfAsync(UnlockedVault owner, DomainId domain)
    {
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        using var entry = (await keyring.FindAsync(domain, Token))!;
        return entry.Key.Bytes.ToArray();
    }

    private static async Task RequireGoneAsync(UnlockedVault owner, DomainId domain)
    {
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        Assert.Null(await keyring.FindAsync(domain, Token));
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }
}
