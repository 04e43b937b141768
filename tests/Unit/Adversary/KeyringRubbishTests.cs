using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.Tests.Unit.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>Whoever may create objects puts some where ledger and keyring are looked for. What the register does not name stops nobody; what it names and is not there is an error.</summary>
public sealed class KeyringRubbishTests : IDisposable
{
    private readonly VaultBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("version")]
    [InlineData("unknown key")]
    [InlineData("too long")]
    [InlineData("noise")]
    public async Task Rubbish_where_the_next_entry_will_be_stops_no_backup_no_restore_and_no_erasure(string kind)
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        for (uint number = 0; number < 2; number++)
        {
            _bench.Target.Replace(ObjectNames.LedgerEntry(number), Rubbish(kind, thief, ObjectKind.Ledger));
            await SubjectScene.AddAsync(thief, "members", "Carla");
            Assert.Equal("1 1", await SubjectScene.CountAsync(owner, number == 0 ? "Anna" : "Carla", "Bert"));
            await CollectAsync(owner);
            Assert.Contains(FaultCodes.LedgerDamaged, _bench.Sink.Codes);
            var outcome = Assert.Single(await SubjectScene.EraseAsync(owner, number == 0 ? "Anna" : "Carla"));
            Assert.Equal((ErasureState.Erased, number), (outcome.State, outcome.Entry!.Number));
        }

        Assert.Equal("0 1 0", await SubjectScene.CountAsync(owner, "Anna", "Bert", "Carla"));
        _bench.Target.Replace(ObjectNames.LedgerEntry(1), Rubbish(kind, thief, ObjectKind.Ledger));
        var code = kind is "version" ? FaultCodes.UnsupportedFormat : FaultCodes.LedgerDamaged;
        await VaultBench.RefusedAsync(code, () => SubjectScene.CountAsync(owner, "Bert"));
        await VaultBench.RefusedAsync(code, () => SubjectScene.AddAsync(thief, "members", "Bert"));
    }

    [Fact]
    public async Task An_entry_that_an_owner_signed_in_a_form_of_the_future_is_not_passed_over()
    {
        using var owner = await _bench.CreateAsync();
        await SubjectScene.AddAsync(owner, "members", "Anna");
        _bench.Target.Replace(ObjectNames.LedgerEntry(0), Rubbish("unknown key", owner, ObjectKind.Ledger));
        await VaultBench.RefusedAsync(FaultCodes.UnsupportedFormat, () => SubjectScene.CountAsync(owner, "Anna"));
    }

    [Theory]
    [InlineData("version")]
    [InlineData("unknown key")]
    [InlineData("too long")]
    [InlineData("noise")]
    public async Task Rubbish_among_the_parts_of_the_keyring_stops_nobody_and_is_swept(string kind)
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        await SubjectScene.AddAsync(owner, "members", "Anna", "Bert");
        await CollectAsync(owner);
        foreach (var folder in (string[])[ObjectNames.KeyringAdditions, ObjectNames.KeyringEpochs, ObjectNames.KeyringRoots, ObjectNames.KeyringLeaves])
        {
            // The lowest name there is: it is met first.
            _bench.Target.Replace(ObjectNames.KeyringObject(folder, default), Rubbish(kind, thief, ObjectKind.Keyring));
        }

        Assert.Equal("1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert"));
        await SubjectScene.AddAsync(thief, "members", "Carla");
        Assert.Equal(1, (await CollectAsync(owner)).SubjectKeysFolded);
        Assert.Equal(ErasureState.Erased, Assert.Single(await SubjectScene.EraseAsync(owner, "Anna")).State);
        Assert.Equal("0 1 1", await SubjectScene.CountAsync(owner, "Anna", "Bert", "Carla"));
        Assert.True(_bench.Target.Remove(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, default)));
        await SubjectScene.RequireNothingLeftOverAsync(owner, _bench.Target);

        _bench.Target.Replace(_bench.Single(ObjectNames.KeyringRoots), Rubbish(kind, thief, ObjectKind.Keyring));
        await VaultBench.RefusedAsync(FaultCodes.KeyringDamaged, () => SubjectScene.CountAsync(owner, "Bert"));
    }

    [Fact]
    public async Task Erasure_epochs_that_others_made_neither_keep_an_owner_out_nor_have_the_keyring_rewritten()
    {
        using var owner = await _bench.CreateAsync();
        using var thief = await _bench.OpenAsWriterAsync(owner, "thief");
        await SubjectScene.AddAsync(owner, "members", "Anna");
        await CollectAsync(owner);
        await thief.RefreshAsync(Token);
        using var wrong = RootKey.Create();
        for (var i = 0; i < 8; i++)
        {
            // Sealed to the owner as a true one is, and lies before it or behind it.
            var (id, bytes) = ErasureEpoch.Seal(thief, owner.Register.KeyringRoot!.Id, wrong);
            _bench.Target.Replace(ObjectNames.KeyringObject(ObjectNames.KeyringEpochs, id), bytes);
            _bench.Target.Replace(ObjectNames.KeyringObject(ObjectNames.KeyringEpochs, new ObjectId(Id256.Random())), ClaimToLetIn(thief, Id256.Random()));
        }

        var head = owner.Register.Head;
        await CollectAsync(owner);
        Assert.Equal(head, owner.Register.Head);
        var added = new NewMember("second", MemberRoles.Owner) { KeyFilePath = _bench["second.key"] };
        await MemberAdmission.AddAsync(owner, added, Token);
        using var second = await _bench.OpenByFileAsync(_bench["second.key"], "second");
        Assert.Equal("1", await SubjectScene.CountAsync(second, "Anna"));
    }

    private static byte[] Rubbish(string kind, UnlockedVault by, ObjectKind of)
    {
        var header = new ObjectHeader(of, 0, by.Id, default);
        var bytes = new byte[ObjectHeader.SizeBytes];
        header.Write(bytes);
        switch (kind)
        {
            case "version":
                bytes[9] = ObjectHeader.FormatVersion + 1;
                return bytes;
            case "unknown key":
                return SignedObject.Build(header, new CborMapWriter().BeginMap(1).Key(77).Int(1).EndMap().Encode(), by.SelfKey);
            case "too long":
                return [.. bytes, .. new byte[SignedObject.MaxBytes]];
            default:
                return [1, 2, 3];
        }
    }

    private static byte[] ClaimToLetIn(UnlockedVault by, Id256 owner)
    {
        var writer = new CborMapWriter().BeginMap(3).Key(0);
        by.Register.Head.Write(writer);
        writer.Key(1).Id(by.Register.KeyringRoot!.Id.Value).Key(2).BeginArray(1).BeginArray(2).Id(owner).Bytes([1]).EndArray().EndArray();
        return SignedObject.Build(new ObjectHeader(ObjectKind.Keyring, 0, by.Id, ObjectId.Random()), writer.EndMap().Encode(), by.SelfKey);
    }

    private static Task<CollectResult> CollectAsync(UnlockedVault owner) => CollectCorridor.RunAsync(owner, CollectOptions.Default, RunContext.Unwatched, Token);
}
