using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>
/// A proxy sends a request again upstream, or an answer is lost: an entry of register or ledger stands, and its writer is told that it was refused. Nothing that it names may be deleted for that.
/// </summary>
public sealed class DoubledRequestTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(TargetFault.AlreadyExists)]
    [InlineData(TargetFault.AccessDenied)]
    [InlineData(TargetFault.Unavailable)]
    public async Task A_change_of_keys_or_members_that_stands_keeps_all_that_it_names(TargetFault told)
    {
        (await _bench.CreateAsync(hasPassphrase: true)).Dispose();
        using var owner = await OpenAsync(new Way(_bench.Target, told) { IsChanged = reading => told == TargetFault.Unavailable && reading == 1 });
        Assert.False((await VaultKeys.RemoveAsync(owner, ["passphrase"], Token)).Append.IsPending);
        await VaultKeys.AddKeyFileAsync(owner, _bench["new.key"], "new", ["key file"], Token);
        await WriterKeys.ExportAsync(owner, "shop", _bench["shop.key"], null, Token);
        await RecoveryShares.ExportAsync(owner, new SheetRequest(2, 3, _bench["sheets"], "sheets", []), Token);

        Assert.Equal(4U, owner.Register.Head.Number);
        Assert.Equal(3, Directory.GetFiles(_bench["sheets"]).Length);
        using var byFile = await _bench.OpenByFileAsync(_bench["new.key"], "new");
        using var shop = await _bench.OpenByFileAsync(_bench["shop.key"], "shop");
        Assert.Equal(["new", "sheets"], (await VaultKeys.ListAsync(byFile, Token)).Select(static key => key.Label).Order());
    }

    [Theory]
    [InlineData(TargetFault.AlreadyExists)]
    [InlineData(TargetFault.AccessDenied)]
    public async Task Where_nobody_can_tell_whether_it_stands_nothing_is_deleted(TargetFault told)
    {
        (await _bench.CreateAsync(hasPassphrase: true)).Dispose();
        using var owner = await OpenAsync(new Way(_bench.Target, told) { IsChanged = static _ => true });
        await VaultBench.RefusedAsync(FaultCodes.TargetUnavailable, () => VaultKeys.AddKeyFileAsync(owner, _bench["new.key"], "new", ["passphrase", "key file"], Token));
        using var opened = await _bench.OpenByFileAsync(_bench["new.key"], "new");
        Assert.Equal(1U, opened.Register.Head.Number);

        using var deaf = await OpenAsync(new Way(_bench.Target, told) { IsUnreadable = true }, "new.key");
        await VaultBench.RefusedAsync(FaultCodes.TargetUnavailable, () => WriterKeys.ExportAsync(deaf, "shop", _bench["shop.key"], null, Token));
        using var shop = await _bench.OpenByFileAsync(_bench["shop.key"], "shop");
    }

    [Fact]
    public async Task What_is_refused_and_is_not_there_is_taken_back()
    {
        using var owner = await _bench.CreateAsync();
        using var denied = await OpenAsync(new Way(_bench.Target, TargetFault.AccessDenied) { IsStored = false });
        var before = _bench.Target.Objects.Count;
        await VaultBench.RefusedAsync(FaultCodes.TargetAccessDenied, () => VaultKeys.AddKeyFileAsync(denied, _bench["new.key"], "new", ["key file"], Token));
        Assert.Equal((before, false), (_bench.Target.Objects.Count, File.Exists(_bench["new.key"])));
    }

    [Fact]
    public async Task A_vault_whose_first_entry_was_sent_twice_is_made_and_another_one_is_not_taken_for_it()
    {
        using var made = await VaultCreator.CreateAsync(
            new Way(_bench.Target, TargetFault.AlreadyExists), new VaultCreation { KeyFilePath = _bench.KeyPath }, _bench.Host(), Token);
        using var opened = await _bench.OpenByFileAsync();
        Assert.Equal(made.Id, opened.Id);

        using var place = new VaultBench();
        var racing = new RacingTarget(place.Target, async () => (await place.CreateAsync()).Dispose());
        await VaultBench.RefusedAsync(
            FaultCodes.VaultExists, () => VaultCreator.CreateAsync(racing, new VaultCreation { KeyFilePath = place["second.key"] }, place.Host(), Token));
    }

    [Fact]
    public async Task A_request_to_erase_that_was_sent_twice_stands_once()
    {
        (await _bench.CreateAsync()).Dispose();
        using var owner = await OpenAsync(new Way(_bench.Target, TargetFault.AlreadyExists));
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await SubjectScene.EraseAsync(owner, "Anna");
        Assert.Equal("0 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        Assert.Equal(1, SubjectScene.CountOf(_bench.Target, ObjectNames.Ledger));
    }

    /// <summary>Changed where the ledger is read, and not where it is asked who was first: it is no rubbish for that.</summary>
    [Fact]
    public async Task Anothers_request_to_erase_that_is_changed_on_the_way_is_not_deleted()
    {
        using var first = await _bench.CreateAsync();
        await SubjectScene.AddAsync(first, "members", "Anna", "Bert");
        var way = new Way(_bench.Target, told: null) { IsChanged = static reading => reading is 3 or 4 };
        using var second = await OpenAsync(way);
        var empty = await ErasureLedger.ReadAsync(second, after: null, Token);
        await SubjectScene.BeginErasureAsync(first, "members", "Anna");
        way.Watched = ObjectNames.LedgerEntry(0);
        var record = new LedgerRecord { Time = second.Now, Subjects = [second.Keys.PseudonymOf("Bert")], Reason = "asked for", KeysDestroyed = 1, HorizonEnd = second.Now };
        var ledger = await LedgerWriter.AppendAsync(second, empty, record, Token);
        Assert.Equal(2U, ledger.Length);
        Assert.Equal("0 0", await SubjectScene.CountAsync(first, "Anna", "Bert"));
    }

    private async Task<UnlockedVault> OpenAsync(Target way, string? key = null)
    {
        using var credential = CredentialFile.Read(key is null ? _bench.KeyPath : _bench[key], _bench.Sink);
        var retried = new RetryTarget(way, new RetryOptions(3, TimeSpan.Zero, TimeSpan.Zero));
        return await (await LockedVault.OpenAsync(retried, Token)).UnlockAsync(credential, _bench.Host(), Token);
    }

    /// <summary>Stores an entry and tells something else; <paramref name="told"/> is null for one that tells the truth.</summary>
    private sealed class Way(Target inner, TargetFault? told) : ChangingTarget(inner)
    {
        private int _readings;

        /// <summary>Whether a reading of <see cref="Watched"/>, counted from 1, comes with a byte changed: another one each time.</summary>
        internal Func<int, bool> IsChanged { get; init; } = static _ => false;

        internal bool IsUnreadable { get; init; }

        internal bool IsStored { get; init; } = true;

        /// <summary>The entry that was put last.</summary>
        internal ObjectName? Watched { get; set; }

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            if (ObjectNames.IsOfOneWriter(name) || told is not { } fault)
            {
                return await base.PutAsync(name, content, options, cancellationToken);
            }

            if (IsStored)
            {
                await base.PutAsync(name, content, options, cancellationToken);
            }

            (Watched, _readings) = (name, 0);
            throw new TargetException(fault, "Told.");
        }

        protected override void Change(ObjectName name, Span<byte> bytes)
        {
            if (name != Watched)
            {
                return;
            }

            if (IsUnreadable)
            {
                throw new TargetException(TargetFault.AccessDenied, "Told.");
            }

            if (Interlocked.Increment(ref _readings) is var reading && IsChanged(reading))
            {
                bytes[(bytes.Length / 2) + reading] ^= 4;
            }
        }
    }
}
