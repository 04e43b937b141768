using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Keys that a writer made for subjects of one data set, sealed to the vault's public key: the writer itself cannot open them again. Counts until
/// a root names it as folded in.
/// </summary>
/// <param name="Keys">Owned by this.</param>
internal sealed record SubjectAddition(ObjectId Id, DataSetId DataSet, MemberId Writer, DateTimeOffset StoreTime, SubjectRecords Keys) : IDisposable
{
    /// <summary>About 5 MB.</summary>
    internal const int MaxKeys = 50_000;

    /// <summary>So many pseudonyms of one addition may begin with the same 16 bits. Of 50,000 that nobody chose, ten do.</summary>
    internal const int MaxAlike = 64;

    private const int AlikeBytes = 2;
    private const int MaxPlainBytes = MaxKeys * SubjectRecord.SizeBytes;

    public void Dispose() => Keys.Dispose();

    /// <summary>The whole object, sealed and signed.</summary>
    /// <param name="records">Ascending, at most <see cref="MaxKeys"/>.</param>
    internal static (ObjectId Id, byte[] Bytes) Seal(UnlockedVault vault, DataSetId dataSet, ReadOnlySpan<byte> records)
    {
        var header = vault.NewHeader(ObjectKind.Keyring, isSealed: true);
        var envelope = KemEnvelope.Seal(vault.Register.Epochs[header.Epoch], header, SealPurpose.Keyring, records);
        var writer = new CborMapWriter(capacityBytes: envelope.Length + 256).BeginMap(3).Key(0);
        vault.Register.Head.Write(writer);
        var body = writer.Key(1).Id(dataSet.Value).Key(2).Bytes(envelope).EndMap().Encode();
        return (header.Object, SignedObject.Build(header, body, vault.SelfKey));
    }

    /// <summary>
    /// What a member who may not write the data set signed counts for nothing. Keys of one who was revoked since do count: its snapshots that stay valid need them,
    /// and a key of a domain that no valid snapshot names opens nothing.
    /// </summary>
    /// <param name="ledgerLength">How many entries the ledger has.</param>
    /// <exception cref="IntegrityException">What is no addition of this vault, is damaged, or holds keys that no honest writer made.</exception>
    /// <exception cref="KeyException">WrongKey, KeyNotGranted.</exception>
    /// <exception cref="VaultException">DataSetNotEntitled, UnsupportedFormat.</exception>
    internal static SubjectAddition Open(VaultReader reader, StoredObject stored, uint ledgerLength)
    {
        var vault = reader.Vault;
        var (signed, signer) = SignedObject.Open(stored.Bytes, vault.Register, MemberRoles.Writer);
        signed.Header.Expect(ObjectKind.Keyring, vault.Id, ObjectNames.TryParseId(stored.Name, ObjectNames.KeyringAdditions, out var id) ? new ObjectId(id) : null);
        var (dataSet, envelope) = DecodeBody(signed.Body, $"addition {signed.Header.Object}");
        if (vault.Register.Members.GetValueOrDefault(signer.Id)?.MayWrite(dataSet) is not true)
        {
            throw new VaultException(FaultCodes.DataSetNotEntitled, $"The subject keys are of {signer.Name}, who may not write their data set {dataSet}.");
        }

        var plain = KemEnvelope.TryOpen(reader.IdentityOf(signed.Header.Epoch), signed.Header, SealPurpose.Keyring, envelope.Span, MaxPlainBytes)
            ?? throw new KeyException(FaultCodes.WrongKey, $"The addition {signed.Header.Object} is not sealed to this vault's key.");
        var keys = SubjectRecords.Take(plain, $"addition {signed.Header.Object}");
        if (ComplaintOf(keys, ledgerLength) is { } complaint)
        {
            keys.Dispose();
            throw new IntegrityException(FaultCodes.Malformed, complaint);
        }

        return new SubjectAddition(signed.Header.Object, dataSet, signer.Id, stored.StoreTime, keys);
    }

    private static string? ComplaintOf(SubjectRecords keys, uint ledgerLength)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (SubjectRecord.GenerationOf(keys[i]) > ledgerLength)
            {
                return "It holds a key of a generation that has not begun: an erasure would pass it by.";
            }

            if (i >= MaxAlike && keys[i].StartsWith(keys[i - MaxAlike][..AlikeBytes]))
            {
                return "More of its pseudonyms begin alike than chance would have it: whoever made it chose them, to fill one bucket.";
            }
        }

        return null;
    }

    private static (DataSetId DataSet, ReadOnlyMemory<byte> Envelope) DecodeBody(ReadOnlyMemory<byte> body, string what)
    {
        RegisterHead? register = null;
        Id256? dataSet = null;
        ReadOnlyMemory<byte>? envelope = null;
        var reader = CborMapReader.OfMap(body, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: dataSet = reader.ReadId(); break;
                case 2: envelope = reader.ReadBytes(SignedObject.MaxBodyBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        _ = reader.Required(register, "the register head");
        return (new DataSetId(reader.Required(dataSet, "the data set")), reader.Required(envelope, "the keys"));
    }
}
