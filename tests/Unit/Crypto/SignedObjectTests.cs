using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class SignedObjectTests : IDisposable
{
    private readonly SigningKey _ann = SigningKey.Create();
    private readonly SigningKey _bob = SigningKey.Create();
    private readonly SigningKey _stranger = SigningKey.Create();
    private readonly ObjectHeader _header = new(ObjectKind.Session, 0, new VaultId(Id256.Random()), ObjectId.Random());
    private readonly byte[] _body = new CborMapWriter().BeginMap().Key(0).UInt(7).EndMap().Encode();
    private readonly Directory _members;

    public SignedObjectTests() =>
        _members = new Directory(
            new MemberEntry(_ann.Id, "ann", _ann.Public, MemberRoles.Owner),
            new MemberEntry(_bob.Id, "bob", _bob.Public, MemberRoles.Writer));

    public void Dispose()
    {
        _ann.Dispose();
        _bob.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public void Gives_back_what_was_signed_and_by_whom()
    {
        var bytes = SignedObject.Build(_header, _body, _bob, _stranger, _ann);
        var (signed, signer) = SignedObject.Open(bytes, _members, MemberRoles.Writer);
        Assert.Equal(_header, signed.Header);
        Assert.Equal(_body, signed.Body.ToArray());
        Assert.Equal(ContentHash.Of(bytes), signed.Hash);
        Assert.Equal("bob", signer.Name);
        Assert.Equal("bob, ann", string.Join(", ", signed.Verify(_members).Select(static member => member.Name)));
    }

    [Fact]
    public void Owners_hold_all_rights_and_others_only_theirs()
    {
        var bytes = SignedObject.Build(_header, _body, _ann);
        Assert.Equal("ann", SignedObject.Open(bytes, _members, MemberRoles.Maintainer).Signer.Name);
        var exception = Assert.Throws<IntegrityException>(
            () => SignedObject.Open(SignedObject.Build(_header, _body, _bob), _members, MemberRoles.Maintainer));
        Assert.Same(FaultCodes.SignerNotEntitled, exception.Code);
    }

    [Fact]
    public void A_stranger_alone_is_nobody()
    {
        var exception = Assert.Throws<IntegrityException>(() => SignedObject.Open(SignedObject.Build(_header, _body, _stranger), _members, MemberRoles.Writer));
        Assert.Same(FaultCodes.SignatureInvalid, exception.Code);
    }

    [Fact]
    public void One_bad_signature_of_a_known_member_spoils_the_object()
    {
        var good = SignedObject.Build(_header, _body, _ann, _bob);
        good[^1] ^= 1;
        Assert.Same(FaultCodes.SignatureInvalid, Assert.Throws<IntegrityException>(() => SignedObject.Open(good, _members, MemberRoles.Owner)).Code);
    }

    [Fact]
    public void Two_signatures_of_one_member_count_once()
    {
        var bytes = SignedObject.Build(_header, _body, _ann, _ann);
        Assert.Same(FaultCodes.Malformed, Assert.Throws<IntegrityException>(() => SignedObject.Parse(bytes)).Code);
    }

    [Fact]
    public void Every_bit_flip_and_every_cut_is_refused_by_name()
    {
        var good = SignedObject.Build(_header, _body, _ann);
        for (var i = 0; i < good.Length * 8; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i / 8] ^= (byte)(1 << (i % 8));
            Assert.ThrowsAny<BackupException>(() => SignedObject.Open(bad, _members, MemberRoles.Owner));
        }

        for (var length = 0; length < good.Length; length++)
        {
            Assert.ThrowsAny<BackupException>(() => SignedObject.Open(good.AsMemory(0, length), _members, MemberRoles.Owner));
        }

        Assert.Same(FaultCodes.Malformed, Assert.Throws<IntegrityException>(() => SignedObject.Parse((byte[])[.. good, 0])).Code);
    }

    private sealed class Directory(params MemberEntry[] members) : IMemberDirectory
    {
        public MemberEntry? Find(MemberId id) => members.FirstOrDefault(member => member.Id == id);
    }
}
