using System.Globalization;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>How objects are named on a target: the one place that knows. What fits none of these names is no part of the vault.</summary>
public static class ObjectNames
{
    public const string Register = "register/";
    public const string Bundles = "bundles/";
    public const string Unlockers = "keys/";
    public const string Packs = "packs/";
    public const string IndexSegments = "index/";
    public const string ReferencePages = "refs/";
    public const string Manifests = "snapshots/";
    public const string Sessions = "sessions/";
    public const string Removals = "removals/";
    public const string Verifications = "verifications/";
    public const string Approvals = "approvals/";
    public const string Condemned = "condemned/";
    public const string Relocations = "relocations/";
    public const string Keyring = "keyring/";
    public const string KeyringRoots = "keyring/root/";
    public const string KeyringLeaves = "keyring/leaf/";
    public const string KeyringAdditions = "keyring/add/";
    public const string KeyringEpochs = "keyring/epoch/";
    public const string Ledger = "ledger/";
    public const string Proposals = "proposals/";

    private const int NumberDigits = 10;

    /// <summary>Whether the name is random, so that nobody else ever puts it: not where it is a number, or says what the object holds.</summary>
    internal static bool IsOfOneWriter(ObjectName name) => !name.Value.StartsWith(Register, StringComparison.Ordinal)
        && !name.Value.StartsWith(Ledger, StringComparison.Ordinal) && !name.Value.StartsWith(ReferencePages, StringComparison.Ordinal);

    public static ObjectName RegisterEntry(uint number) => Numbered(Register, number);

    public static ObjectName Bundle(ObjectId id) => new($"{Bundles}{id}");

    public static ObjectName Unlocker(ObjectId id) => new($"{Unlockers}{id}");

    public static ObjectName Pack(PackId id) => Sharded(Packs, id.Value);

    public static ObjectName IndexSegment(ObjectId id) => new($"{IndexSegments}{id}");

    public static ObjectName ReferencePage(ObjectId id) => Sharded(ReferencePages, id.Value);

    public static ObjectName Manifest(SnapshotId id) => new($"{Manifests}{id}");

    public static ObjectName Announcement(Id256 session, int number) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{Sessions}{session}-{number:D6}"));

    public static ObjectName SessionEnd(Id256 session) => new($"{Sessions}{session}-end");

    public static ObjectName RemovalRecord(ObjectId id) => new($"{Removals}{id}");

    public static ObjectName VerificationRecord(ObjectId id) => new($"{Verifications}{id}");

    public static ObjectName ApprovalRecord(ObjectId id) => new($"{Approvals}{id}");

    public static ObjectName CondemnedMarker(ObjectId id) => new($"{Condemned}{id}");

    public static ObjectName Relocation(ObjectId id) => new($"{Relocations}{id}");

    public static ObjectName Proposal(ObjectId id) => new($"{Proposals}{id}");

    /// <param name="folder">One of the keyring's four.</param>
    public static ObjectName KeyringObject(string folder, ObjectId id) => new($"{folder}{id}");

    public static ObjectName LedgerEntry(uint number) => Numbered(Ledger, number);

    /// <summary>The number of a register or ledger entry.</summary>
    public static bool TryParseNumber(ObjectName name, string folder, out uint number)
    {
        number = 0;
        return name.Value.StartsWith(folder, StringComparison.Ordinal)
            && name.Value.Length == folder.Length + NumberDigits
            && uint.TryParse(name.Value.AsSpan(folder.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>The id of an object that is named by its id alone; for packs and reference pages also the shard must fit.</summary>
    public static bool TryParseId(ObjectName name, string folder, out Id256 id)
    {
        id = default;
        if (!name.Value.StartsWith(folder, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = name.Value.AsSpan(folder.Length);
        return folder is Packs or ReferencePages
            ? rest.Length == 67 && rest[2] == '/' && rest[..2].SequenceEqual(rest.Slice(3, 2)) && Id256.TryParse(rest[3..], out id)
            : Id256.TryParse(rest, out id);
    }

    private static ObjectName Numbered(string folder, uint number) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{folder}{number:D10}"));

    private static ObjectName Sharded(string folder, Id256 id)
    {
        var digits = id.ToString();
        return new ObjectName($"{folder}{digits.AsSpan(0, 2)}/{digits}");
    }
}
