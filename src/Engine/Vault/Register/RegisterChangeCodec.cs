using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>A change is <c>[type, map]</c>. Unknown types below 128 are refused, others passed over.</summary>
internal static partial class RegisterChangeCodec
{
    private const int Parameters = 1;
    private const int Epoch = 2;
    private const int Member = 3;
    private const int Grant = 4;
    private const int Policy = 5;
    private const int Attach = 6;
    private const int Detach = 7;
    private const int Keyring = 8;
    private const int Revoke = 9;
    private const int Bundle = 10;
    private const int Ledger = 11;
    private const int FirstIgnorableType = 128;
    private const int Note = 129;

    private const int MayReadKey = 128;

    private const int Ed25519 = 1;
    private const int KnownRoles = 31;
    internal const int MaxListed = 10_000;

    /// <summary>An envelope around five keys; the rest is room for keys that later versions add.</summary>
    private const int MaxEnvelopeBytes = 16_384;

    /// <returns>Null for a change that may be ignored.</returns>
    internal static RegisterChange? Read(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var type = reader.ReadUInt64();
        reader.BeginMap();
        RegisterChange? change = type switch
        {
            Parameters => ReadParameters(reader),
            Epoch => ReadEpoch(reader),
            Member => ReadMember(reader),
            Grant => ReadGrant(reader),
            Policy => ReadPolicy(reader),
            Attach => ReadAttach(reader),
            Detach => ReadDetach(reader),
            Keyring => ReadKeyring(reader),
            Revoke => ReadRevocation(reader),
            Bundle => ReadBundle(reader),
            Ledger => ReadLedger(reader),
            Hold => ReadHold(reader),
            Release => ReadRelease(reader),
            Note => ReadNote(reader),
            < FirstIgnorableType => throw reader.Unsupported($"change {type}"),
            _ => Ignore(reader),
        };
        reader.EndArray();
        return change;
    }

    private static VaultParameters ReadParameters(CborMapReader reader)
    {
        string? chunker = null;
        int? packSize = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: chunker = reader.ReadText(); break;
                case 1: packSize = reader.ReadInt32(VaultParameters.MaxPackSizeBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new VaultParameters(reader.Required(chunker, "the chunker"), reader.Required(packSize, "the pack size"));
    }

    private static EpochBegins ReadEpoch(CborMapReader reader)
    {
        uint? epoch = null;
        RecipientKey? vaultKey = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: epoch = reader.ReadUInt32(); break;
                case 1: vaultKey = ReadRecipient(reader); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new EpochBegins(reader.Required(epoch, "the epoch"), reader.Required(vaultKey, "the vault key"));
    }

    private static KeyGrant ReadGrant(CborMapReader reader)
    {
        MemberId? member = null;
        uint? epoch = null;
        ObjectId? id = null;
        ReadOnlyMemory<byte>? envelope = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: member = new MemberId(reader.ReadId()); break;
                case 1: epoch = reader.ReadUInt32(); break;
                case 2: id = new ObjectId(reader.ReadId()); break;
                case 3: envelope = reader.ReadBytes(MaxEnvelopeBytes); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new KeyGrant(
            reader.Required(member, "the member"), reader.Required(epoch, "the epoch"), reader.Required(id, "the object id"), reader.Required(envelope, "the envelope"));
    }

    private static VaultPolicy ReadPolicy(CborMapReader reader)
    {
        var seen = 0;
        var policy = VaultPolicy.Default;
        while (reader.NextKey(out var key))
        {
            seen++;
            policy = key switch
            {
                0 => policy with { RetentionFloor = ReadSeconds(reader) },
                1 => policy with { ErasureHorizon = ReadSeconds(reader) },
                2 => policy with { DeduplicationTrust = ReadTrust(reader) },
                3 => policy with { GraceTime = ReadSeconds(reader, VaultPolicy.MaxGraceTime) },
                4 => policy with { SessionLapse = ReadSeconds(reader, VaultPolicy.MaxSessionLapse) },
                5 => policy with { OwnersNeeded = reader.ReadInt32() },
                _ => throw reader.UnknownKey(key),
            };
        }

        reader.Check(seen == 6, "a policy lacks a part");
        return policy;
    }

    private static TimeSpan ReadSeconds(CborMapReader reader) =>
        TimeSpan.FromSeconds((long)reader.ReadUInt64((ulong)(TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerSecond)));

    /// <summary>What is longer counts as the most: what stood in the register once counts for as long as the vault lives, and must not stop collection for good.</summary>
    private static TimeSpan ReadSeconds(CborMapReader reader, TimeSpan most) => ReadSeconds(reader) is var time && time < most ? time : most;

    private static TrustedPacks ReadTrust(CborMapReader reader)
    {
        var trust = reader.ReadUInt64();
        return trust <= (ulong)TrustedPacks.AllMembers ? (TrustedPacks)trust : throw reader.Unsupported($"deduplication trust {trust}");
    }

    private static TargetAttached ReadAttach(CborMapReader reader)
    {
        Id256? id = null;
        string? name = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: id = reader.ReadId(); break;
                case 1: name = reader.ReadText(); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new TargetAttached(reader.Required(id, "the target's id"), reader.Required(name, "the target's name"));
    }

    private static TargetDetached ReadDetach(CborMapReader reader)
    {
        Id256? id = null;
        while (reader.NextKey(out var key))
        {
            id = key == 0 ? reader.ReadId() : throw reader.UnknownKey(key);
        }

        return new TargetDetached(reader.Required(id, "the target's id"));
    }

    private static KeyringRoot ReadKeyring(CborMapReader reader)
    {
        Id256? id = null;
        Id256? hash = null;
        ObjectId? replaces = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: id = reader.ReadId(); break;
                case 1: hash = reader.ReadId(); break;
                case 2: replaces = new ObjectId(reader.ReadId()); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new KeyringRoot(new ObjectId(reader.Required(id, "the object id")), new ContentHash(reader.Required(hash, "the hash")), replaces);
    }

    private static Revocation ReadRevocation(CborMapReader reader)
    {
        MemberId? member = null;
        ContentHash[]? lastValid = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: member = new MemberId(reader.ReadId()); break;
                case 1: lastValid = reader.ReadArray(MaxListed, static item => new ContentHash(item.ReadId())); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new Revocation(reader.Required(member, "the member"), reader.Required(lastValid, "the list of valid manifests"));
    }

    private static LedgerHead ReadLedger(CborMapReader reader)
    {
        ulong? number = null;
        ContentHash? hash = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: number = reader.ReadUInt64(); break;
                case 1: hash = new ContentHash(reader.ReadId()); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new LedgerHead(reader.Required(number, "the number"), reader.Required(hash, "the hash"));
    }

    private static (Id256 First, Id256 Second) ReadIdPair(CborMapReader reader)
    {
        Id256? first = null;
        Id256? second = null;
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: first = reader.ReadId(); break;
                case 1: second = reader.ReadId(); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return (reader.Required(first, "the first id"), reader.Required(second, "the second id"));
    }

    private static RecipientKey ReadRecipient(CborMapReader reader) => new(reader.ReadExactBytes(XWing.PublicBytes).Span);

    private static RegisterChange? Ignore(CborMapReader reader)
    {
        reader.SkipRestOfMap();
        return null;
    }
}
