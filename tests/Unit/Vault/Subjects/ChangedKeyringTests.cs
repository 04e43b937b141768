using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault.Subjects;

/// <summary>A byte of the keyring that changes on the way: what is read otherwise than it lies there is not deleted for it, and lets its owner in all the same.</summary>
public sealed class ChangedKeyringTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    /// <summary>What each object says of the root that it belongs to is changed, in one reading after the other; one rewrite stands, and another one is under way.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sweep_deletes_nothing_for_a_byte_that_changed_on_the_way(bool isNear)
    {
        _bench.Target = new MemoryTarget(_bench.Time, new MemoryTargetOptions { IsNear = isNear });
        using (var owner = await _bench.CreateAsync())
        {
            await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
            await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
            await SubjectScene.AddAsync(owner, "members", "Carla");
            using var other = await OpenAsync(new DeafRegister(_bench.Target), "other");
            await VaultBench.RefusedAsync(FaultCodes.TargetUnavailable, () => new KeyringRewriter(other.RequireReader()).RunAsync(Token));
            Assert.True(_bench.Target.Remove(_bench.Single(ObjectNames.KeyringAdditions)));
        }

        var whole = _bench.Target;
        var hasReachedAll = false;
        for (var at = 0; !hasReachedAll; at++)
        {
            _bench.Target = whole.Clone();
            using var before = await _bench.OpenByFileAsync(host: $"{at}");
            var root = before.Register.KeyringRoot!.Id;
            var way = new ChangingWay(_bench.Target, root) { At = at };
            using (var owner = await OpenAsync(way, $"{at}"))
            {
                try
                {
                    await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
                }
                catch (BackupException exception) when (isNear && (exception.Code == FaultCodes.KeyringDamaged || exception.Code == FaultCodes.KeyringNotGranted))
                {
                    // From a disk it is read once.
                }
            }

            // Who reads once may take the owners for others than it is sealed to, and seal it anew: then another root stands.
            hasReachedAll = way.Changed is null;
            Assert.Equal("1 1", await SubjectScene.CountAsync(before, "Anna", "Bert"));
            var isRewritten = before.Register.KeyringRoot!.Id != root;
            Assert.True(isNear || !isRewritten);
            Assert.True(isRewritten || whole.Objects.Keys.SequenceEqual(_bench.Target.Objects.Keys), $"Reading {at}, of '{way.Changed}'.");
            Assert.True(!hasReachedAll || at >= 5, $"{at} readings.");
        }
    }

    [Fact]
    public async Task An_erasure_for_which_a_byte_changes_on_the_way_ends_whole()
    {
        _bench.Target = new MemoryTarget(_bench.Time, new MemoryTargetOptions { IsNear = false });
        using (var owner = await _bench.CreateAsync())
        {
            await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
            await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        }

        var whole = _bench.Target;
        var hasReachedAll = false;
        for (var at = 0; !hasReachedAll; at++)
        {
            _bench.Target = whole.Clone();
            using var before = await _bench.OpenByFileAsync(host: $"{at}");
            var way = new ChangingWay(_bench.Target, before.Register.KeyringRoot!.Id) { At = at };
            using (var owner = await OpenAsync(way, $"{at}"))
            {
                await SubjectScene.EraseAsync(owner, "Anna");
            }

            hasReachedAll = way.Changed is null;
            Assert.Equal("0 1", await SubjectScene.CountAsync(before, "Anna", "Bert"));
            await SubjectScene.RequireNothingLeftOverAsync(before, _bench.Target);
        }
    }

    /// <summary>Whatever comes otherwise each time is left: nobody can tell what lies there.</summary>
    [Fact]
    public async Task What_never_comes_alike_is_left_to_the_next_sweep()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        using var other = await OpenAsync(new DeafRegister(_bench.Target), "other");
        await SubjectScene.AddAsync(owner, "members", "Carla");
        await VaultBench.RefusedAsync(FaultCodes.TargetUnavailable, () => new KeyringRewriter(other.RequireReader()).RunAsync(Token));
        Assert.True(_bench.Target.Remove(_bench.Single(ObjectNames.KeyringAdditions)));
        var before = _bench.Target.Clone();
        using (var stored = (await StoredKeyring.OpenAsync(owner, Token))!)
        {
            foreach (var name in _bench.Target.Objects.Keys.Where(name => name.Value.StartsWith(ObjectNames.Keyring, StringComparison.Ordinal)))
            {
                var way = new ChangingWay(_bench.Target, stored.Root.Header.Object) { Always = name };
                using var vault = await OpenAsync(way, "same");
                Assert.NotEqual(true, await new KeyringSweep(vault, stored).IsDeadAsync((await _bench.Target.StatAsync(name, Token))!, Token));
            }
        }

        Assert.Equal(before.Objects.Keys, _bench.Target.Objects.Keys);
        Assert.Contains(FaultCodes.TargetGarbled, _bench.Sink.Codes);
    }

    /// <summary>Her key may lie in it.</summary>
    [Fact]
    public async Task While_an_old_leaf_never_comes_alike_nobody_in_it_counts_as_erased()
    {
        using (var owner = await _bench.CreateAsync())
        {
            await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
            await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        }

        var leaf = _bench.Single(ObjectNames.KeyringLeaves);
        using (var owner = await OpenAsync(new RestlessPreface(_bench.Target, leaf), "restless"))
        {
            var remains = Assert.Single(await SubjectScene.EraseAsync(owner, "Anna"));
            Assert.Equal((ErasureState.KeysRemain, 0, 0), (remains.State, remains.KeysDestroyed, remains.DataSets.Count));
            Assert.Contains(leaf, _bench.Target.Objects.Keys);
        }

        using var calm = await _bench.OpenByFileAsync();
        var erased = Assert.Single(await SubjectScene.EraseAsync(calm, "Anna"));
        Assert.Equal((ErasureState.Erased, 1), (erased.State, erased.KeysDestroyed));
        await SubjectScene.RequireNothingLeftOverAsync(calm, _bench.Target);
    }

    /// <summary>An envelope vouches for itself. What it lets in stays until another root stands.</summary>
    [Fact]
    public async Task An_erasure_epoch_that_is_damaged_beside_its_envelopes_lets_its_owner_in()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await new KeyringRewriter(owner.RequireReader()).RunAsync(Token);
        var name = _bench.Single(ObjectNames.KeyringEpochs);
        var bytes = _bench.Target.Objects[name].ToArray();
        bytes[^1] ^= 1;
        _bench.Target.Replace(name, bytes);
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        using (var stored = (await StoredKeyring.OpenAsync(owner, Token))!)
        {
            Assert.False(await new KeyringSweep(owner, stored).IsDeadAsync((await _bench.Target.StatAsync(name, Token))!, Token));
        }

        await CollectCorridor.RunAsync(owner, CollectOptions.Default, RunContext.Unwatched, Token);
        Assert.NotEqual(name, _bench.Single(ObjectNames.KeyringEpochs));
        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
    }

    private async Task<UnlockedVault> OpenAsync(Target way, string host)
    {
        using var credential = CredentialFile.Read(_bench.KeyPath, _bench.Sink);
        return await (await LockedVault.OpenAsync(way, Token)).UnlockAsync(credential, _bench.Host(host), Token);
    }

    /// <summary>No entry of the register gets through.</summary>
    private sealed class DeafRegister(Target inner) : DelegatingTarget(inner)
    {
        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
            name.Value.StartsWith(ObjectNames.Register, StringComparison.Ordinal)
                ? throw new TargetException(TargetFault.Unavailable, "Planned.")
                : base.PutAsync(name, content, options, cancellationToken);
    }

    /// <summary>Gives the preface of one leaf otherwise each time.</summary>
    private sealed class RestlessPreface(Target inner, ObjectName leaf) : DelegatingTarget(inner)
    {
        private int _readings;

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await base.ReadAsync(name, offset, destination, cancellationToken);
            if (name == leaf && destination.Length == SubjectLeaf.PrefaceBytes)
            {
                destination.Span[^1] ^= (byte)Interlocked.Increment(ref _readings);
            }
        }
    }

    /// <summary>Changes a byte of a root's id wherever one reading of the keyring has it.</summary>
    private sealed class ChangingWay(Target inner, ObjectId root) : ChangingTarget(inner)
    {
        private readonly byte[] _root = root.Value.ToArray();
        private int _readings;

        internal int At { get; init; } = -1;

        internal ObjectName? Always { get; init; }

        internal ObjectName? Changed { get; private set; }

        protected override void Change(ObjectName name, Span<byte> bytes)
        {
            if (name.Value.StartsWith(ObjectNames.Keyring, StringComparison.Ordinal) && bytes.IndexOf(_root) is >= 0 and var start
                && Interlocked.Increment(ref _readings) is var reading && (reading - 1 == At || name == Always))
            {
                Changed = name;
                bytes[start + (reading % Id256.SizeBytes)] ^= 4;
            }
        }
    }
}
