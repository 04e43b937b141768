using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>What a certificate says of one subject.</summary>
/// <param name="Subject">The name, where the customer's own copy is wanted; else only the pseudonym stands in it.</param>
/// <param name="DataSets">By name, as far as a snapshot tells it.</param>
/// <param name="RecordSnapshots">All snapshots of records in those data sets, whether or not the subject is in them.</param>
public sealed record CertifiedErasure(ErasureOutcome Outcome, string? Subject, IReadOnlyList<string> DataSets, IReadOnlyList<string> HeldDataSets, int RecordSnapshots, IReadOnlyList<string> BeyondUse);

/// <summary>
/// The proof of an erasure that goes to the customer: JSON whose bytes the owner signs, and a page that people can read. It states no more than is true: what was
/// destroyed, what lives on until when, what could only be put beyond use, and what the promise rests on.
/// </summary>
public sealed class ErasureCertificate
{
    private static readonly JsonWriterOptions Layout = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.Default };

    private ErasureCertificate(CertifiedErasure erasure, LedgerEntry entry, byte[] json, byte[] signature)
    {
        Erasure = erasure;
        Entry = entry;
        Json = json;
        Signature = signature;
    }

    public CertifiedErasure Erasure { get; }

    public LedgerEntry Entry { get; }

    /// <summary>UTF-8; what is signed.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>Ed25519 over "sb1/sign" ‖ SHA-256 of <see cref="Json"/>, by the owner that the JSON names.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Signed by the owner at hand.</summary>
    /// <param name="erasure">Of a subject that was erased, at least in part.</param>
    public static ErasureCertificate Make(UnlockedVault owner, CertifiedErasure erasure)
    {
        var entry = erasure.Outcome.Entry ?? throw new ArgumentException("What stands in no ledger cannot be certified.", nameof(erasure));
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Layout))
        {
            Write(writer, owner, erasure, entry);
        }

        var json = bytes.ToArray();
        var signature = new byte[VerifyKey.SignatureBytes];
        owner.SelfKey.Sign(json, signature);
        return new ErasureCertificate(erasure, entry, json, signature);
    }

    /// <summary>
    /// Whether an owner of the vault, by its register as it stands, signed exactly these bytes, and the ledger holds the entry that they name, in force, about the same subject.
    /// What is no certificate at all is none.
    /// </summary>
    /// <param name="ledger">The whole.</param>
    public static bool Verify(RegisterState register, ErasureLedger ledger, ReadOnlySpan<byte> json, ReadOnlySpan<byte> signature)
    {
        try
        {
            using var document = JsonDocument.Parse(json.ToArray());
            string? TextAt(string part, string name) => document.RootElement.GetProperty(part).GetProperty(name).GetString();
            return Id256.TryParse(TextAt("owner", "memberId"), out var member)
                && string.Equals(TextAt("vault", "id"), register.Vault.ToString(), StringComparison.Ordinal)
                && register.Find(new MemberId(member)) is { } owner
                && owner.Roles.HasFlag(MemberRoles.Owner)
                && owner.Key.Verify(json, signature)
                && StandsIn(ledger, TextAt("ledger", "number"), TextAt("ledger", "hash"), TextAt("subject", "pseudonym"));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool StandsIn(ErasureLedger ledger, string? number, string? hash, string? subject) => ledger.Entries.Any(entry =>
        string.Equals(entry.Number.ToString(CultureInfo.InvariantCulture), number, StringComparison.Ordinal)
        && string.Equals(entry.Hash.ToString(), hash, StringComparison.Ordinal)
        && entry.IsInForce && !ledger.IsReplaced(entry)
        && entry.Record.Subjects.Any(known => string.Equals(known.ToString(), subject, StringComparison.Ordinal)));

    /// <summary>What the promise rests on, in the words of the certificate.</summary>
    internal static string GuaranteeOf(UnlockedVault owner) =>
        $"The records are unreadable if at least one of two things is true: {owner.Target.DisplayName} really deleted the old objects of the keyring, or no secret of an owner of this vault "
        + "(its sealing key, and the vault's private key) ever comes into the hands of somebody who kept a copy of them. No key service stands behind this vault that could make the first unnecessary.";

    internal static string CopiesOf(UnlockedVault owner, LedgerEntry entry) => owner.Target.Capabilities is { ObjectLock: false, Versions: false }
        ? "This target keeps neither locks nor versions: the old objects of the keyring were deleted at once. Copies of the target that others made before are beyond the reach of this certificate."
        : $"Locked or older versions of the keyring may live until {Text(entry.Record.HorizonEnd)}. Copies of the target that others made before are beyond the reach of this certificate.";

    internal static string Text(Timestamp time) => time.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter writer, UnlockedVault owner, CertifiedErasure erasure, LedgerEntry entry)
    {
        var outcome = erasure.Outcome;
        writer.WriteStartObject();
        writer.WriteString("type", "SecureBackup erasure certificate");
        writer.WriteNumber("version", 1);
        writer.WriteString("state", outcome.State == ErasureState.Deferred ? "erased in part" : "erased");
        WriteObject(writer, "vault", ("id", owner.Id.ToString()), ("target", owner.Target.DisplayName), ("registerHead", $"{owner.Register.Head.Number} {owner.Register.Head.Hash}"));
        WriteObject(writer, "ledger", ("number", entry.Number.ToString(CultureInfo.InvariantCulture)), ("hash", entry.Hash.ToString()), ("time", Text(entry.Record.Time)));
        writer.WriteStartObject("subject");
        writer.WriteString("pseudonym", outcome.Subject.ToString());
        if (erasure.Subject is not null)
        {
            writer.WriteString("name", erasure.Subject);
        }

        writer.WriteEndObject();
        writer.WriteString("reason", entry.Record.Reason);
        writer.WriteStartObject("destroyed");
        writer.WriteNumber("keys", outcome.KeysDestroyed);
        WriteTexts(writer, "dataSets", erasure.DataSets);
        writer.WriteNumber("recordSnapshotsOfDataSets", erasure.RecordSnapshots);
        writer.WriteEndObject();
        writer.WriteStartObject("deferred");
        WriteTexts(writer, "dataSets", erasure.HeldDataSets);
        WriteTexts(writer, "holds", [.. outcome.Holds.Select(static hold => hold.Id.ToString())]);
        writer.WriteEndObject();
        WriteObject(writer, "copies", ("lockedUntil", owner.Target.Capabilities is { ObjectLock: false, Versions: false } ? null : Text(entry.Record.HorizonEnd)), ("text", CopiesOf(owner, entry)));
        WriteTexts(writer, "beyondUseOnly", erasure.BeyondUse);
        writer.WriteString("guarantee", GuaranteeOf(owner));
        WriteObject(
            writer, "owner", ("name", owner.Register.Find(owner.Self)?.Name), ("memberId", owner.Self.ToString()), ("publicKey", owner.SelfKey.Public.ToString()), ("algorithm", "Ed25519 over \"sb1/sign\" and SHA-256 of this file"));
        writer.WriteString("issuedAt", Text(owner.Now));
        writer.WriteEndObject();
    }

    private static void WriteObject(Utf8JsonWriter writer, string name, params ReadOnlySpan<(string Name, string? Value)> fields)
    {
        writer.WriteStartObject(name);
        foreach (var (field, value) in fields)
        {
            writer.WriteString(field, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
    }
}
