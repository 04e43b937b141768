using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Adversary;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>Bytes of keys and register that change on the way, or on the store: they keep nobody out who has the key, and nothing is deleted that a damaged entry may name.</summary>
public sealed class ChangedOpeningTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public ChangedOpeningTests() => _bench.Target = new MemoryTarget(_bench.Time, new MemoryTargetOptions { IsNear = false, ListsInOrder = true });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_byte_of_the_owners_keys_that_changes_on_the_way_costs_a_reading()
    {
        (await _bench.CreateAsync()).Dispose();
        var name = _bench.Single(ObjectNames.Bundles);
        for (var at = 0; at < _bench.Target.Objects[name].Length; at += 7)
        {
            using var opened = await OpenAsync(new ChangingWay(_bench.Target, name, at) { Times = 1 });
        }

        await VaultBench.RefusedAsync(FaultCodes.NoSuchUnlocker, () => OpenAsync(new ChangingWay(_bench.Target, name, ObjectHeader.SizeBytes + 9)));
        Assert.Contains(FaultCodes.UnlockerUnusable, _bench.Sink.Codes);
    }

    [Fact]
    public async Task What_obstructs_the_register_is_all_that_is_read_again()
    {
        using (var owner = await _bench.CreateAsync())
        {
            await owner.AppendAsync([VaultPolicy.Default], Token);
            await owner.AppendAsync([VaultPolicy.Default], Token);
        }

        _bench.Target.Replace(ObjectNames.RegisterEntry(3), "rubbish"u8);
        _bench.Target.Replace(ObjectNames.RegisterEntry(9), "rubbish"u8);
        var reads = new ReadCounter(_bench.Target);
        var reading = await RegisterLog.ReadAsync(new ObjectStore(reads), Token);
        Assert.Equal((2U, ObjectNames.RegisterEntry(3)), (reading.State.Head.Number, reading.Obstruction!.Name));
        Assert.Equal([1, 1, 1, 3, 2], new uint[] { 0, 1, 2, 3, 9 }.Select(number => reads.Reads(ObjectNames.RegisterEntry(number).Value)));

        // One that the way changed is no obstruction, and what follows it is not read again either.
        var way = new ReadCounter(new ChangingWay(_bench.Target, ObjectNames.RegisterEntry(1), 90) { Times = 1 });
        Assert.Equal(2U, (await RegisterLog.ReadAsync(new ObjectStore(way), Token)).State.Head.Number);
        Assert.Equal([1, 3, 1], new uint[] { 0, 1, 2 }.Select(number => way.Reads(ObjectNames.RegisterEntry(number).Value)));
    }

    [Fact]
    public async Task An_entry_that_changes_on_the_way_is_not_repaired_away()
    {
        using var behind = await _bench.CreateAsync();
        var way = new ChangingWay(_bench.Target, ObjectNames.RegisterEntry(1), 90) { Moves = true };
        using var owner = await OpenAsync(way);
        await behind.AppendAsync([VaultPolicy.Default], Token);
        await VaultBench.RefusedAsync(FaultCodes.TargetGarbled, () => RegisterRepair.FindAsync(owner, Token));
        var found = new RegisterObstruction(ObjectNames.RegisterEntry(1), "found when it was rubbish");
        await VaultBench.RefusedAsync(FaultCodes.TargetGarbled, () => RegisterRepair.RemoveAsync(owner, [found], null, Token));
        Assert.Equal(behind.Register.Head, (await LockedVault.OpenAsync(_bench.Target, Token)).Register.Head);
    }

    /// <summary>Another byte each time is the line's doing; always the same one is the store's.</summary>
    [Fact]
    public async Task An_owners_signature_is_no_rubbish_for_a_byte_that_changes_on_the_way()
    {
        using (var first = await _bench.CreateAsync())
        {
            await MemberAdmission.AddAsync(first, new NewMember("second", MemberRoles.Owner) { KeyFilePath = _bench["second.key"] }, Token);
            await PolicyChange.ApplyAsync(first, new NewPolicy { OwnersNeeded = 2 }, Token);
            Assert.True((await first.AppendAsync([VaultPolicy.Default], Token)).IsPending);
        }

        var settled = _bench.Time.GetUtcNow() + TimeSpan.FromDays(1);
        var name = _bench.Single(ObjectNames.Proposals);
        using (var owner = await OpenAsync(new ChangingWay(_bench.Target, name, 100) { Moves = true }))
        {
            Assert.Empty(await PendingChanges.RubbishAsync(owner, settled, Token));
        }

        using (var owner = await OpenAsync(new ChangingWay(_bench.Target, name, 100)))
        {
            Assert.Equal([name], await PendingChanges.RubbishAsync(owner, settled, Token));
        }
    }

    [Fact]
    public async Task Keys_that_a_damaged_entry_may_name_are_not_tidied_away()
    {
        using (var owner = await _bench.CreateAsync())
        {
            await VaultKeys.AddKeyFileAsync(owner, _bench["new.key"], "new", [], Token);
        }

        var entry = Damage(1);
        _bench.Time.Advance(TimeSpan.FromDays(100));
        await CollectAsync();
        _bench.Target.Replace(ObjectNames.RegisterEntry(1), entry);
        (await _bench.OpenByFileAsync(_bench["new.key"], "new")).Dispose();
    }

    [Fact]
    public async Task What_a_damaged_entry_may_entitle_to_is_not_collected()
    {
        using (var owner = await _bench.CreateAsync())
        {
            using var shop = await _bench.OpenAsWriterAsync(owner, "shop", "crm");
            var entry = owner.Register.Members[shop.Self];
            await owner.AppendAsync([new MemberAdded("shop", entry.Entry.Key, entry.SealingKey, MemberRoles.Writer, [owner.Keys.DataSetIdOf("crm"), owner.Keys.DataSetIdOf("erp")])], Token);
            await shop.RefreshAsync(Token);
            await _bench.BackUpAsync(shop, "erp");
        }

        await CollectAsync();
        Damage(2);
        await VaultBench.RefusedAsync(FaultCodes.CollectionStopped, CollectAsync);
        _bench.Target.Remove(ObjectNames.RegisterEntry(2));
        await CollectAsync();
    }

    private byte[] Damage(uint number)
    {
        var name = ObjectNames.RegisterEntry(number);
        var good = _bench.Target.Objects[name].ToArray();
        var bad = (byte[])good.Clone();
        bad[90] ^= 4;
        _bench.Target.Replace(name, bad);
        return good;
    }

    private async Task CollectAsync()
    {
        using var owner = await _bench.OpenByFileAsync(host: Guid.NewGuid().ToString());
        await CollectCorridor.RunAsync(owner, CollectOptions.Default, RunContext.Unwatched, Token);
    }

    private async Task<UnlockedVault> OpenAsync(Target way)
    {
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await (await LockedVault.OpenAsync(way, Token)).UnlockAsync(credential, _bench.Host(), Token);
    }

    /// <summary>Changes a byte of one object, in its first readings.</summary>
    private sealed class ChangingWay(Target inner, ObjectName changed, int at) : ChangingTarget(inner)
    {
        private int _readings;

        internal int Times { get; init; } = int.MaxValue;

        /// <summary>Another byte each time.</summary>
        internal bool Moves { get; init; }

        protected override void Change(ObjectName name, Span<byte> bytes)
        {
            if (name == changed && !bytes.IsEmpty && Interlocked.Increment(ref _readings) is var reading && reading <= Times)
            {
                bytes[at + (Moves ? reading : 0)] ^= 4;
            }
        }
    }
}
