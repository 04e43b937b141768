using System.Globalization;
using System.Xml.Linq;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Retention and legal holds: they can be made stronger by anybody who may, and weaker only as the platform lets it.</summary>
internal static class S3LockMethods
{
    public static bool Knows(string operation) => operation is "GetObjectRetention" or "PutObjectRetention" or "GetObjectLegalHold" or "PutObjectLegalHold";

    public static Task Answer(S3Call call, S3Bucket bucket, string operation, S3DoubleOptions options)
    {
        if (!bucket.HasLock)
        {
            throw new S3RefusalException(400, "InvalidRequest");
        }

        var stored = bucket.Find(call.Key!, call.Query.GetValueOrDefault("versionId")) ?? throw S3RefusalException.NoSuchKey;
        switch (operation)
        {
            case "GetObjectRetention":
                return stored.LockMode is null
                    ? throw new S3RefusalException(404, "NoSuchObjectLockConfiguration")
                    : call.AnswerAsync(200, new XElement("Retention", new XElement("Mode", stored.LockMode), new XElement("RetainUntilDate", S3BucketMethods.Text(stored.RetainUntil!.Value))));
            case "GetObjectLegalHold":
                return call.AnswerAsync(200, new XElement("LegalHold", new XElement("Status", stored.IsHeld ? "ON" : "OFF")));
            case "PutObjectLegalHold":
                stored.IsHeld = !options.IgnoresLocks && Value(call, "Status") is "ON";
                return call.AnswerAsync(200);
            default:
                Retain(call, stored, options);
                return call.AnswerAsync(200);
        }
    }

    private static void Retain(S3Call call, S3Stored stored, S3DoubleOptions options)
    {
        var mode = Value(call, "Mode")!;
        var until = DateTimeOffset.Parse(Value(call, "RetainUntilDate")!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        var isWeaker = stored.LockMode is not null && stored.RetainUntil > options.Time.GetUtcNow() && (until < stored.RetainUntil || (mode != stored.LockMode && stored.LockMode is "COMPLIANCE"));
        if (isWeaker && !options.OnlyNotesLocks && (stored.LockMode is "COMPLIANCE" || call.Header("x-amz-bypass-governance-retention") is not "true"))
        {
            throw S3RefusalException.AccessDenied;
        }

        if (!options.IgnoresLocks)
        {
            (stored.LockMode, stored.RetainUntil) = (mode, until);
        }
    }

    private static string? Value(S3Call call, string name) => call.Xml().Elements().FirstOrDefault(child => child.Name.LocalName == name)?.Value;
}
