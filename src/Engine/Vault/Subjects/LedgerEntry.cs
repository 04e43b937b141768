using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>What became of a request to erase.</summary>
public enum LedgerState
{
    /// <summary>The keys are dead from this entry on.</summary>
    Erased = 0,

    /// <summary>A legal hold stands in the way; the release of the hold resumes it.</summary>
    Deferred = 1,

    /// <summary>Asks for nothing: what it replaces was withdrawn before enough owners had signed it.</summary>
    Withdrawn = 2,
}

/// <summary>One request to erase subjects, as the ledger keeps it: sealed with the metadata key, so that every writer can tell who was erased, and nobody outside.</summary>
public sealed record LedgerRecord
{
    public required Timestamp Time { get; init; }

    /// <summary>Ascending; never a name.</summary>
    public required IReadOnlyList<SubjectPseudonym> Subjects { get; init; }

    public required string Reason { get; init; }

    /// <summary>The data sets that are meant; empty for all.</summary>
    public IReadOnlyList<DataSetId> Scope { get; init; } = [];

    /// <summary>Data sets that are not meant though the scope takes them in: held ones.</summary>
    public IReadOnlyList<DataSetId> Spared { get; init; } = [];

    public required long KeysDestroyed { get; init; }

    /// <summary>What each of <see cref="Subjects"/> lost, in their order, so that it can be certified again; empty where nobody lost anything.</summary>
    public IReadOnlyList<IReadOnlyList<DestroyedKeys>> Destroyed { get; init; } = [];

    /// <summary>Until when locked copies of the keyring may live.</summary>
    public required Timestamp HorizonEnd { get; init; }

    /// <summary>What could only be put beyond use.</summary>
    public IReadOnlyList<string> BeyondUse { get; init; } = [];

    public LedgerState State { get; init; }

    /// <summary>Kills keys of this generation and older ones. Never beyond the entry's own number; before it, where a request of before is carried out late: who returned meanwhile is not meant.</summary>
    public uint UpTo { get; init; } = uint.MaxValue;

    /// <summary>
    /// Numbers of entries before it in whose place it stands: they are not carried out. Counts for those alone that no entry of the register had put into force before: what
    /// enough owners have signed, one cannot take back.
    /// </summary>
    public IReadOnlyList<uint> Replaces { get; init; } = [];

    /// <summary>What one subject lost by this entry.</summary>
    internal IReadOnlyList<DestroyedKeys> DestroyedOf(SubjectPseudonym subject)
    {
        for (var i = 0; i < Destroyed.Count; i++)
        {
            if (Subjects[i] == subject)
            {
                return Destroyed[i];
            }
        }

        return [];
    }

    /// <summary>Whether a key of a subject that the entry names dies by it.</summary>
    internal bool Takes(DataSetId dataSet, uint generation) =>
        State == LedgerState.Erased && generation <= UpTo && Means(dataSet) && !Spared.Contains(dataSet);

    /// <summary>Whether a key of a subject that the entry names dies once no hold protects it any more.</summary>
    internal bool Awaits(DataSetId dataSet, uint generation) => State == LedgerState.Deferred && generation <= UpTo && Means(dataSet);

    internal bool Means(DataSetId dataSet) => Scope.Count == 0 || Scope.Contains(dataSet);

    /// <summary>Whether nothing is left to do of a deferred request once this entry is in force.</summary>
    internal bool TakesAllOf(LedgerRecord deferred) =>
        State == LedgerState.Erased && UpTo >= deferred.UpTo && !Spared.Any(deferred.Means)
        && (Scope.Count == 0 || (deferred.Scope.Count > 0 && deferred.Scope.All(Scope.Contains)));
}

/// <summary>How many keys for one data set were destroyed.</summary>
public readonly record struct DestroyedKeys(DataSetId DataSet, int Keys);

/// <summary>An entry of the ledger with its place in the chain.</summary>
/// <param name="Hash">Over the stored bytes.</param>
/// <param name="IsInForce">Named by the register, or signed by as many owners as a change of the register takes: only then does it kill.</param>
public sealed record LedgerEntry(uint Number, ContentHash? Previous, ContentHash Hash, bool IsInForce, LedgerRecord Record)
{
    public LedgerHead Head => new(Number, Hash);
}

/// <summary>Ledger entries to bytes and back.</summary>
internal static class LedgerCodec
{
    internal const int MaxSubjects = 100_000;
    internal const int MaxListed = 10_000;
    private const int DestroyedKey = 128;

    /// <summary>The whole object, sealed and signed.</summary>
    internal static byte[] Seal(UnlockedVault vault, uint number, ContentHash? previous, LedgerRecord record)
    {
        var header = vault.NewHeader(ObjectKind.Ledger, isSealed: true);
        var writer = new CborMapWriter().BeginMap().Key(0);
        vault.Register.Head.Write(writer);
        writer.Key(1).UInt(number);
        if (previous is { } hash)
        {
            writer.Key(2).Id(hash.Value);
        }

        var body = writer.Key(3).Bytes(MetadataSeal.Seal(vault, header, Encode(record with { UpTo = Math.Min(record.UpTo, number) }))).EndMap().Encode();
        return SignedObject.Build(header, body, vault.SelfKey);
    }

    /// <exception cref="IntegrityException">What is no ledger entry of that number, damaged, or signed by no owner.</exception>
    /// <exception cref="KeyException">KeyNotGranted, WrongKey.</exception>
    /// <exception cref="VaultException">UnsupportedFormat: named by the register or signed by an owner, and of a form that this version does not know.</exception>
    internal static LedgerEntry Open(UnlockedVault vault, StoredObject stored, uint number)
    {
        // An entry that the register names stands, whoever of its signers has left since: the owners who signed the register vouch for it.
        var isNamed = vault.Register.LedgerHead is { } head && number <= head.Number;
        SignedObject signed;
        try
        {
            signed = SignedObject.Parse(stored.Bytes);
        }
        catch (VaultException exception) when (!isNamed)
        {
            // No signature can be looked for in it, so it is nobody's.
            throw new IntegrityException(exception.Code, exception.Message, exception);
        }

        signed.Header.Expect(ObjectKind.Ledger, vault.Id);
        var owners = signed.Verify(vault.Register).Count(member => member.Roles.HasFlag(MemberRoles.Owner) && (isNamed || !member.IsRevoked));
        if (owners == 0)
        {
            throw new IntegrityException(FaultCodes.SignerNotEntitled, $"The ledger entry {number} is signed by no owner.");
        }

        var (found, previous, blob) = DecodeBody(signed.Body, $"ledger entry {number}");
        if (found != number)
        {
            throw new IntegrityException(FaultCodes.ObjectMisplaced, $"Here lies ledger entry {found}; expected was {number}.");
        }

        var plain = MetadataSeal.Open(vault, signed.Header, blob.Span, SignedObject.MaxBodyBytes);
        return new LedgerEntry(number, previous, signed.Hash, isNamed || owners >= vault.Register.Policy.OwnersNeeded, Decode(plain, number));
    }

    private static (ulong Number, ContentHash? Previous, ReadOnlyMemory<byte> Blob) DecodeBody(ReadOnlyMemory<byte> body, string what)
    {
        RegisterHead? register = null;
        ulong? number = null;
        ContentHash? previous = null;
        ReadOnlyMemory<byte>? blob = null;
        var reader = CborMapReader.OfMap(body, what);
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: register = RegisterHead.Read(reader); break;
                case 1: number = reader.ReadUInt64(); break;
                case 2: previous = new ContentHash(reader.ReadId()); break;
                case 3: blob = reader.ReadBytes(SignedObject.MaxBodyBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        _ = reader.Required(register, "the register head");
        return (reader.Required(number, "the number"), previous, reader.Required(blob, "the record"));
    }

    private static byte[] Encode(LedgerRecord record) => new CborMapWriter().BeginMap(12)
        .Key(0).Time(record.Time)
        .Key(1).Array(record.Subjects, static (writer, subject) => writer.Id(subject.Value))
        .Key(2).Text(record.Reason)
        .Key(3).Array(record.Scope, static (writer, dataSet) => writer.Id(dataSet.Value))
        .Key(4).Int(record.KeysDestroyed)
        .Key(5).Time(record.HorizonEnd)
        .Key(6).Array(record.BeyondUse, static (writer, text) => writer.Text(text))
        .Key(7).Int((int)record.State)
        .Key(8).Array(record.Spared, static (writer, dataSet) => writer.Id(dataSet.Value))
        .Key(9).UInt(record.UpTo)
        .Key(10).Array(record.Replaces, static (writer, entry) => writer.UInt(entry))
        .Key(DestroyedKey).Array(record.Destroyed, static (writer, destroyed) => writer.Array(destroyed, static (writer, keys) => writer.BeginArray(2).Id(keys.DataSet.Value).Int(keys.Keys).EndArray()))
        .EndMap().Encode();

    private static LedgerRecord Decode(byte[] plain, uint number)
    {
        Timestamp? time = null;
        SubjectPseudonym[]? subjects = null;
        string? reason = null;
        DataSetId[]? scope = null;
        long? keys = null;
        Timestamp? horizon = null;
        string[]? beyondUse = null;
        ulong? state = null;
        DataSetId[]? spared = null;
        uint? upTo = null;
        uint[] replaces = [];
        DestroyedKeys[][] destroyed = [];
        var reader = CborMapReader.OfMap(plain, $"ledger entry {number}");
        while (reader.NextKey(out var key, DestroyedKey))
        {
            switch (key)
            {
                case 0: time = reader.ReadTime(); break;
                case 1: subjects = reader.ReadArray(MaxSubjects, static item => new SubjectPseudonym(item.ReadId())); break;
                case 2: reason = reader.ReadText(); break;
                case 3: scope = reader.ReadArray(MaxListed, static item => new DataSetId(item.ReadId())); break;
                case 4: keys = reader.ReadCount(); break;
                case 5: horizon = reader.ReadTime(); break;
                case 6: beyondUse = reader.ReadArray(MaxListed, static item => item.ReadText()); break;
                case 7: state = reader.ReadUInt64(); break;
                case 8: spared = reader.ReadArray(MaxListed, static item => new DataSetId(item.ReadId())); break;
                case 9: upTo = (uint)reader.ReadUInt64(number); break;
                case 10: replaces = reader.ReadArray(MaxListed, static item => item.ReadUInt32()); break;
                case DestroyedKey: destroyed = reader.ReadArray(MaxSubjects, static item => item.ReadArray(MaxListed, ReadDestroyed)); break;
                default: throw reader.UnknownKey(key);
            }
        }

        reader.Check(destroyed.Length == 0 || destroyed.Length == subjects?.Length, "what was destroyed is of other subjects");
        reader.Check(subjects is null || IsAscending(subjects), "its subjects are not in order");
        reader.Check(replaces.All(entry => entry < number), "it replaces what is not before it");
        return new LedgerRecord
        {
            Time = reader.Required(time, "the time"),
            Subjects = reader.Required(subjects, "the subjects"),
            Reason = reader.Required(reason, "the reason"),
            Scope = reader.Required(scope, "the scope"),
            KeysDestroyed = reader.Required(keys, "the number of keys"),
            Destroyed = destroyed,
            HorizonEnd = reader.Required(horizon, "the horizon"),
            BeyondUse = reader.Required(beyondUse, "what is beyond use"),
            State = reader.Required(state, "the state") is var known and <= (ulong)LedgerState.Withdrawn ? (LedgerState)known : throw reader.Unsupported($"ledger state {state}"),
            Spared = reader.Required(spared, "what was spared"),
            UpTo = reader.Required(upTo, "the newest generation"),
            Replaces = replaces,
        };
    }

    private static DestroyedKeys ReadDestroyed(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var destroyed = new DestroyedKeys(new DataSetId(reader.ReadId()), reader.ReadInt32());
        reader.EndArray();
        return destroyed;
    }

    private static bool IsAscending(SubjectPseudonym[] subjects)
    {
        for (var i = 1; i < subjects.Length; i++)
        {
            if (subjects[i - 1].CompareTo(subjects[i]) >= 0)
            {
                return false;
            }
        }

        return true;
    }
}
