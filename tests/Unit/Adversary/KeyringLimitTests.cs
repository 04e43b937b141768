using System.Buffers.Binary;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>However many additions a member stores, and whatever keys it chooses: no owner writes what no reader reads.</summary>
public sealed class KeyringLimitTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Keys_that_were_chosen_to_fill_one_bucket_are_refused_and_take_nobody_s_away()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        for (var part = 0; part < 4; part++)
        {
            var (id, bytes) = SubjectAddition.Seal(thief, thief.Keys.DataSetIdOf("members"), Chosen(owner.Keys.PseudonymOf("Anna"), part, SubjectAddition.MaxKeys));
            _bench.Target.Replace(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, id), bytes);
        }

        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        Assert.Contains(FaultCodes.AdditionRefused, _bench.Sink.Codes);
        Assert.Equal(2, (await new KeyringRewriter(owner.RequireReader()).RunAsync(Token)).KeysFolded);
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }

    [Fact]
    public async Task A_bucket_of_more_keys_than_a_leaf_takes_goes_on_in_other_leaves()
    {
        using var owner = await _bench.CreateAsync();
        var domains = new Dictionary<string, DomainId>(StringComparer.Ordinal);
        for (var part = 0; part < 3; part++)
        {
            var added = await SubjectScene.AddAsync(owner, "members", [.. Enumerable.Range(part * 30, 30).Select(static i => $"member {i}")]);
            added.ToList().ForEach(pair => domains[pair.Key] = pair.Value);
            await RebuildAsync(owner, maxKeysInLeaf: 7);
        }

        using (var stored = (await StoredKeyring.OpenAsync(owner, Token))!)
        {
            Assert.Equal((0, 13, 90), (stored.Map.Bits, stored.Map.Count, stored.Map.KeyCount));
        }

        await RequireAllAsync(owner, domains);
        await SubjectScene.EraseAsync(owner, "member 3", "member 77");
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        Assert.Equal("0 0 1", await SubjectScene.CountAsync(owner, "member 3", "member 77", "member 78"));
    }

    [Fact]
    public void A_leaf_that_is_full_of_keys_and_of_data_sets_can_be_read_again()
    {
        using var leaf = new LeafDraft(SubjectLeaf.MaxKeys);
        leaf.Begin(0);
        var records = Chosen(default, 0, SubjectLeaf.MaxKeys);
        for (var i = 0; i < SubjectLeaf.MaxKeys; i++)
        {
            Assert.False(i < SubjectLeaf.MaxDataSets && leaf.IsFull);
            leaf.Add(records.AsSpan(i * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes), new DataSetId(new Id256((ulong)(i % SubjectLeaf.MaxDataSets), 0, 0, 1)));
        }

        Assert.True(leaf.IsFull);
        var header = new ObjectHeader(ObjectKind.Keyring, 0, default, ObjectId.Random());
        var (slot, bytes) = leaf.Seal(header, default);
        Assert.True(bytes.Length <= SubjectLeaf.MaxBytes);
        using var read = SubjectLeaf.Open(default, slot, bits: 0, bytes);
        Assert.Equal((SubjectLeaf.MaxKeys, SubjectLeaf.MaxDataSets), (read.Keys.Count, read.DataSets.Count));
    }

    [Fact]
    public async Task More_additions_than_one_rewrite_takes_in_are_taken_in_one_after_the_other()
    {
        using var owner = await _bench.CreateAsync();
        for (var i = 0; i < 7; i++)
        {
            await SubjectScene.AddAsync(owner, $"data set {i}", $"member {i}");
        }

        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "member 0", "member 6"));
        var done = await new KeyringRewriter(owner.RequireReader()) { MaxAdditionsAtOnce = 3 }.RunAsync(Token);
        Assert.Equal(7, done.KeysFolded);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        using var stored = (await StoredKeyring.OpenAsync(owner, Token))!;
        Assert.Equal((3u, 7, 7), (stored.Map.Generation, stored.Map.KeyCount, stored.Root.Folded.Count));
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "member 0", "member 6"));
    }

    [Fact]
    public async Task Of_more_additions_than_one_rewrite_takes_in_a_reader_finds_all_and_tells_the_older_from_the_later()
    {
        using var owner = await _bench.CreateAsync();
        for (var i = 0; i < 7; i++)
        {
            await SubjectScene.AddAsync(owner, $"data set {i}", $"member {i}");
            _bench.Time.Advance(TimeSpan.FromMinutes(1));
        }

        using var all = await UnfoldedAdditions.LoadAsync(owner.RequireReader(), new HashSet<ObjectId>(), ledgerLength: 0, maxAdditions: 3, isNextAlone: false, Token);
        using var next = await UnfoldedAdditions.LoadNextAsync(owner.RequireReader(), new HashSet<ObjectId>(), ledgerLength: 0, maxAdditions: 3, Token);
        Assert.Equal((7, false, 3, true), (all.KeyCount, all.HasMore, next.KeyCount, next.HasMore));
        var orders = new List<int>();
        for (var i = 0; i < 7; i++)
        {
            all.Find(owner.Keys.PseudonymOf($"member {i}").Value.ToArray(), (_, dataSet, order) =>
            {
                Assert.Equal(owner.Keys.DataSetIdOf($"data set {i}"), dataSet);
                orders.Add(order);
            });
        }

        Assert.Equal(7, orders.Count);
        Assert.Equal(orders.Order(), orders);
    }

    [Fact]
    public async Task Additions_that_were_put_back_do_not_make_a_root_longer_than_readers_take()
    {
        using var owner = await _bench.CreateAsync();
        for (var i = 0; i < 4; i++)
        {
            await SubjectScene.AddAsync(owner, "members", $"member {i}");
        }

        var before = _bench.Target.Clone();
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        foreach (var (name, bytes) in before.Objects.Where(static pair => pair.Key.Value.StartsWith(ObjectNames.KeyringAdditions, StringComparison.Ordinal)))
        {
            _bench.Target.Replace(name, bytes.Span);
        }

        await SubjectScene.AddAsync(owner, "members", "member 4");
        await RebuildAsync(owner, maxFolded: 1);
        using (var stored = (await StoredKeyring.OpenAsync(owner, Token))!)
        {
            Assert.Equal(2, stored.Root.Folded.Count);
        }

        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);
        Assert.Equal("1 1 1", await SubjectScene.CountAsync(owner, "member 0", "member 3", "member 4"));
        Assert.DoesNotContain(FaultCodes.SubjectKeyConflict, _bench.Sink.Codes);
    }

    /// <summary>Ascending records of subjects whose pseudonyms begin as one does.</summary>
    private static byte[] Chosen(SubjectPseudonym like, int part, int count)
    {
        var records = new byte[count * SubjectRecord.SizeBytes];
        var pseudonym = like.Value.ToArray();
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(pseudonym.AsSpan(2), (part * count) + i);
            var subject = new SubjectPseudonym(Id256.Read(pseudonym));
            SubjectRecord.Write(
                records.AsSpan(i * SubjectRecord.SizeBytes), subject, new SubjectDomainKey(SubjectRecord.NewDomain(subject), Id256.Random().ToArray(), generation: 0));
        }

        return records;
    }

    private static async Task RebuildAsync(UnlockedVault owner, int maxKeysInLeaf = SubjectLeaf.MaxKeys, int maxFolded = KeyringRootObject.MaxFolded / 2)
    {
        var ledger = await ErasureLedger.ReadAsync(owner, after: null, Token);
        using var old = await StoredKeyring.OpenAsync(owner, Token);
        using var additions = await UnfoldedAdditions.LoadAsync(owner.RequireReader(), old?.Root.Folded ?? new HashSet<ObjectId>(), ledger.Length, Token);
        using var builder = new KeyringBuilder(owner, old, additions, ledger) { MaxKeysInLeaf = maxKeysInLeaf, MaxFolded = maxFolded };
        await owner.AppendAsync([await builder.BuildAsync([], Token)], Token);
    }

    private static async Task RequireAllAsync(UnlockedVault owner, Dictionary<string, DomainId> domains)
    {
        using var keyring = await SubjectKeyring.OpenAsync(owner.RequireReader(), Token);
        foreach (var (subject, domain) in domains)
        {
            using var found = (await keyring.FindAsync(domain, Token))!;
            using var entry = Assert.Single(await keyring.OfSubjectAsync(subject, Token));
            Assert.Equal((domain, owner.Keys.PseudonymOf(subject)), (entry.Domain, found.Subject));
        }
    }
}
