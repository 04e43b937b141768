using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>Several owners must sign every change of the register.</summary>
public sealed class ThresholdTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Two_of_three_owners_change_what_one_cannot()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            var added = await WriterKeys.ExportAsync(ann, "shop01", _bench["shop01.key"], null, None);
            Assert.True(added.Append.IsPending);
            Assert.Contains(FaultCodes.ChangePending, _bench.Sink.Codes);
            await VaultBench.RefusedAsync(FaultCodes.MemberUnknown, () => _bench.OpenByFileAsync(_bench["shop01.key"], "shop01"));

            var seen = Assert.Single(await PendingChanges.ListAsync(cid, None));
            Assert.Equal((added.Append.Pending, 2, false), (seen.Id, seen.Needed, seen.IsStale));
            Assert.Equal(["owner"], seen.SignedBy);
            Assert.Contains(seen.Changes, static text => text.StartsWith("Add the member shop01 (", StringComparison.Ordinal) && text.EndsWith("as writer.", StringComparison.Ordinal));
            await VaultBench.RefusedAsync(FaultCodes.ChangeSigned, async () => await PendingChanges.ApproveAsync(ann, seen, None));
            Assert.False((await PendingChanges.ApproveAsync(cid, seen, None)).IsPending);
            Assert.Empty(await PendingChanges.ListAsync(ann, None));
            using var writer = await _bench.OpenByFileAsync(_bench["shop01.key"], "shop01");
            await _bench.BackUpAsync(writer);
        }
    }

    [Fact]
    public async Task Three_of_three_and_lowering_takes_all_three()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 3);
        using (ann)
        using (bob)
        using (cid)
        {
            var (_, append) = await PolicyChange.ApplyAsync(bob, new NewPolicy { OwnersNeeded = 1 }, None);
            var change = await PendingChanges.FindAsync(ann, append.Pending!.Value.ToString()[..8], None);
            Assert.Equal(["Owners who must sign a change: 1, until now 3."], change.Changes);
            Assert.True((await PendingChanges.ApproveAsync(ann, change, None)).IsPending);
            Assert.Equal(3, (await LockedVault.OpenAsync(_bench.Target, None)).Register.Policy.OwnersNeeded);
            change = await PendingChanges.FindAsync(cid, change.Id.ToString(), None);
            Assert.Equal(["bob", "owner"], change.SignedBy.Order(StringComparer.Ordinal));
            Assert.False((await PendingChanges.ApproveAsync(cid, change, None)).IsPending);
            Assert.Equal(1, (await LockedVault.OpenAsync(_bench.Target, None)).Register.Policy.OwnersNeeded);
        }
    }

    [Fact]
    public async Task Rotation_and_revocation_wait_too_and_then_work_for_everybody()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            Assert.True((await MemberRevocation.RevokeAsync(ann, new RevocationRequest(cid.Self, "left"), None)).Append.IsPending);
            Assert.Equal(1U, ann.Keys.Epoch);
            var change = Assert.Single(await PendingChanges.ListAsync(bob, None));
            Assert.Contains("Note: left", change.Changes);
            Assert.Contains("Key epoch 2 begins.", change.Changes);
            await PendingChanges.ApproveAsync(bob, change, None);
            await ann.RefreshAsync(None);
            Assert.Equal((2U, 2U), (ann.Keys.Epoch, bob.Keys.Epoch));
            Assert.Equal(ann.RequireReader().IdentityOf(2).Bytes.ToArray(), bob.RequireReader().IdentityOf(2).Bytes.ToArray());
            await VaultBench.RefusedAsync(FaultCodes.MemberRevoked, () => _bench.OpenByFileAsync(_bench["cid.key"], "cid-2"));
        }
    }

    [Fact]
    public async Task A_change_is_stale_once_the_register_moved_on_and_can_be_proposed_anew()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            var first = (await WriterKeys.ExportAsync(ann, "shop01", _bench["shop01.key"], null, None)).Append.Pending!.Value;
            var second = (await PolicyChange.ApplyAsync(bob, new NewPolicy { GraceTime = TimeSpan.FromDays(2) }, None)).Append.Pending!.Value;
            await PendingChanges.ApproveAsync(cid, await PendingChanges.FindAsync(cid, second.ToString(), None), None);
            var stale = Assert.Single(await PendingChanges.ListAsync(cid, None));
            Assert.Equal((first, true), (stale.Id, stale.IsStale));
            await VaultBench.RefusedAsync(FaultCodes.ChangeStale, async () => await PendingChanges.ApproveAsync(cid, stale, None));

            var renewed = (await PendingChanges.RenewAsync(cid, stale, None)).Pending!.Value;
            var change = Assert.Single(await PendingChanges.ListAsync(bob, None));
            Assert.Equal(renewed, change.Id);
            await PendingChanges.ApproveAsync(bob, change, None);
            (await _bench.OpenByFileAsync(_bench["shop01.key"], "shop01")).Dispose();

            var rotation = (await EpochRotation.RotateAsync(ann, null, None)).Append.Pending!.Value;
            await VaultBench.RefusedAsync(FaultCodes.ChangeStale, async () => await PendingChanges.RenewAsync(bob, await PendingChanges.FindAsync(bob, rotation.ToString(), None), None));
        }
    }

    [Fact]
    public async Task A_withdrawn_change_is_gone_and_an_unknown_one_is_said()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            await WriterKeys.ExportAsync(ann, "shop01", _bench["shop01.key"], null, None);
            await PendingChanges.RemoveAsync(ann, Assert.Single(await PendingChanges.ListAsync(ann, None)), None);
            Assert.Empty(await PendingChanges.ListAsync(bob, None));
            await VaultBench.RefusedAsync(FaultCodes.NoSuchChange, () => PendingChanges.FindAsync(bob, "00", None));
        }
    }

    [Fact]
    public async Task What_others_store_as_a_change_counts_for_nothing()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            using var thief = await AddWriterAsync(ann, bob);
            var draft = RegisterDraft.Of(thief.Register, [new VaultPolicy { OwnersNeeded = 1 }], thief.Now);
            await Proposal.WriteAsync(thief, draft, None);

            // An owner's frame around a signature that is not over this entry.
            var other = RegisterDraft.Of(ann.Register, [new VaultPolicy { GraceTime = TimeSpan.FromDays(9) }], ann.Now);
            var id = await StoreAsync(ann, draft.Unsigned, other.SignAs(ann.SelfKey).Signature);
            Assert.Empty(await PendingChanges.ListAsync(bob, None));
            Assert.Contains(FaultCodes.SignerNotEntitled, _bench.Sink.Codes);
            Assert.Contains(FaultCodes.SignatureInvalid, _bench.Sink.Codes);
            Assert.NotNull(await _bench.Target.StatAsync(ObjectNames.Proposal(id), None));

            // One owner's signature under the true next entry, put there by storage: passed over.
            var alone = RegisterDraft.Of(ann.Register, [new VaultPolicy { OwnersNeeded = 1 }], ann.Now);
            _bench.Target.Replace(ObjectNames.RegisterEntry(alone.Entry.Number), alone.Signed([alone.SignAs(ann.SelfKey)]).Span);
            Assert.Equal(2, (await LockedVault.OpenAsync(_bench.Target, None)).Register.Policy.OwnersNeeded);
        }
    }

    [Fact]
    public async Task An_owner_does_not_sign_what_would_lock_that_owner_out()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            using var next = ann.Keys.Next();
            using var planted = IdentityKey.Create();
            var grants = ann.Register.Members.Values.Select(member => next.GrantTo(
                member.Entry.Id, member.SealingKey, member.Entry.Roles, ann.Id, member.Entry.Id == bob.Self ? planted : next.Identity));
            await ann.AppendAsync([new EpochBegins(2, next.Identity!.Recipient), .. grants], None);
            var change = Assert.Single(await PendingChanges.ListAsync(bob, None));
            await VaultBench.RefusedAsync(FaultCodes.BundleMismatch, async () => await PendingChanges.ApproveAsync(bob, change, None));
            Assert.Equal(1U, (await LockedVault.OpenAsync(_bench.Target, None)).Register.NewestEpoch);
        }
    }

    /// <summary>Readers pass over changes of 128 and more that they do not know; a signature does not.</summary>
    [Fact]
    public async Task An_owner_does_not_sign_what_cannot_be_shown()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            var head = ann.Register.Head;
            var body = new CborMapWriter().BeginMap().Key(0).UInt(head.Number + 1).Key(1).Id(head.Hash.Value).Key(2).Time(ann.Now).Key(3).BeginArray(0).EndArray()
                .Key(4).BeginArray(1).BeginArray(2).Int(200).BeginMap().Key(0).Int(1).EndMap().EndArray().EndArray().EndMap().Encode();
            var header = new ObjectHeader(ObjectKind.RegisterEntry, 0, ann.Id, ObjectId.Random());
            await Proposal.WriteAsync(ann, RegisterDraft.Read(SignedObject.Unsigned(header, body), ann.Id), None);
            var change = Assert.Single(await PendingChanges.ListAsync(bob, None));
            await VaultBench.RefusedAsync(FaultCodes.UnsupportedFormat, async () => await PendingChanges.ApproveAsync(bob, change, None));
            Assert.Equal(head, (await LockedVault.OpenAsync(_bench.Target, None)).Register.Head);
        }
    }

    /// <summary>A stolen writer stores as many as are ever looked at, under names that sort first, and would so keep the owners from revoking it.</summary>
    [Fact]
    public async Task Rubbish_hides_no_change_that_waits_and_is_cleared_away()
    {
        var (ann, bob, cid) = await ThreeAsync(needed: 2);
        using (ann)
        using (bob)
        using (cid)
        {
            for (var i = 0; i < 1_100; i++)
            {
                var id = new byte[Id256.SizeBytes];
                System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(4), i);
                _bench.Target.Replace(ObjectNames.Proposal(new ObjectId(Id256.Read(id))), "rubbish"u8);
            }

            _bench.Time.Advance(TimeSpan.FromMinutes(1));
            var pending = (await EpochRotation.RotateAsync(ann, null, None)).Append.Pending!.Value;
            Assert.Equal(pending, Assert.Single(await PendingChanges.ListAsync(bob, None)).Id);
            Assert.Empty(await PendingChanges.RubbishAsync(bob, _bench.Time.GetUtcNow().AddDays(-1), None));
            for (var turn = 0; turn < 2; turn++)
            {
                foreach (var name in await PendingChanges.RubbishAsync(bob, _bench.Time.GetUtcNow().AddDays(1), None))
                {
                    await _bench.Target.DeleteAsync(name, None);
                }
            }

            Assert.Single(_bench.Target.Objects.Keys, static name => name.Value.StartsWith(ObjectNames.Proposals, StringComparison.Ordinal));
            Assert.False((await PendingChanges.ApproveAsync(bob, Assert.Single(await PendingChanges.ListAsync(bob, None)), None)).IsPending);
        }
    }

    private async Task<(UnlockedVault Ann, UnlockedVault Bob, UnlockedVault Cid)> ThreeAsync(int needed)
    {
        var ann = await _bench.CreateAsync();
        foreach (var name in new[] { "bob", "cid" })
        {
            await MemberAdmission.AddAsync(ann, new NewMember(name, MemberRoles.Owner) { KeyFilePath = _bench[$"{name}.key"] }, None);
        }

        await PolicyChange.ApplyAsync(ann, new NewPolicy { OwnersNeeded = needed }, None);
        return (ann, await _bench.OpenByFileAsync(_bench["bob.key"], "bob"), await _bench.OpenByFileAsync(_bench["cid.key"], "cid"));
    }

    private async Task<UnlockedVault> AddWriterAsync(UnlockedVault proposer, UnlockedVault other)
    {
        await WriterKeys.ExportAsync(proposer, "thief", _bench["thief.key"], null, None);
        await PendingChanges.ApproveAsync(other, Assert.Single(await PendingChanges.ListAsync(other, None)), None);
        await proposer.RefreshAsync(None);
        return await _bench.OpenByFileAsync(_bench["thief.key"], "thief");
    }

    private static async Task<ObjectId> StoreAsync(UnlockedVault owner, ReadOnlyMemory<byte> entry, ReadOnlyMemory<byte> signature)
    {
        var header = owner.NewHeader(ObjectKind.PendingChange, isSealed: false);
        var writer = new CborMapWriter().BeginMap(4).Key(0);
        owner.Register.Head.Write(writer);
        var body = writer.Key(1).Time(owner.Now).Key(2).Bytes(entry.Span).Key(3).Bytes(signature.Span).EndMap().Encode();
        await owner.Store.PutAsync(ObjectNames.Proposal(header.Object), SignedObject.Build(header, body, owner.SelfKey), None);
        return header.Object;
    }
}
