using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.S3;

/// <summary>The one statement of a bucket's policy that is ours; all others stay as they are.</summary>
internal static class S3Policies
{
    private const string OurStatement = "SecureBackupTlsOnly";

    /// <summary>Behind the partition.</summary>
    private const string Arn = ":s3:::";

    /// <summary>Whether everybody is refused who comes without TLS to anything of the target; not where the policy cannot be read.</summary>
    public static bool DemandsTls(string? policy, string bucket, string prefix) => StatementsOf(TryParse(policy)).Any(statement =>
        IsText(statement["Effect"], "Deny")
        && (IsText(statement["Principal"], "*") || (statement["Principal"] is JsonObject principal && HasText(principal["AWS"], "*")))
        && (HasText(statement["Action"], "s3:*") || HasText(statement["Action"], "*"))
        && Covers(statement["Resource"], $"{bucket}/{prefix}")
        && statement["Condition"] is JsonObject { Count: 1 } conditions
        && conditions["Bool"] is JsonObject { Count: 1 } condition
        && condition.Any(static entry => string.Equals(entry.Key, "aws:SecureTransport", StringComparison.OrdinalIgnoreCase) && HasText(entry.Value, "false")));

    /// <exception cref="RequestException"><c>SetupRefused</c>: the policy that is there cannot be read.</exception>
    public static string WithTls(string? policy, string bucket, string region)
    {
        var partition = region.StartsWith("cn-", StringComparison.Ordinal) ? "aws-cn" : region.StartsWith("us-gov-", StringComparison.Ordinal) ? "aws-us-gov" : "aws";
        var ours = new JsonObject
        {
            ["Sid"] = OurStatement,
            ["Effect"] = "Deny",
            ["Principal"] = "*",
            ["Action"] = "s3:*",
            ["Resource"] = new JsonArray($"arn:{partition}:s3:::{bucket}", $"arn:{partition}:s3:::{bucket}/*"),
            ["Condition"] = new JsonObject { ["Bool"] = new JsonObject { ["aws:SecureTransport"] = "false" } },
        };
        var parsed = TryParse(policy);
        if (!string.IsNullOrEmpty(policy) && parsed is null)
        {
            throw new RequestException(FaultCodes.SetupRefused, "The bucket's policy is not one that can be read, so nothing is added to it.");
        }

        var others = StatementsOf(parsed).Where(static statement => !IsText(statement["Sid"], OurStatement)).Select(static statement => statement.DeepClone());
        var whole = parsed?.DeepClone() as JsonObject ?? new JsonObject { ["Version"] = "2012-10-17" };
        whole["Statement"] = new JsonArray([.. others, ours]);
        return whole.ToJsonString();
    }

    private static IEnumerable<JsonObject> StatementsOf(JsonObject? policy) => policy?["Statement"] switch
    {
        JsonArray several => several.OfType<JsonObject>(),
        JsonObject one => [one],
        _ => [],
    };

    private static JsonObject? TryParse(string? policy)
    {
        try
        {
            return string.IsNullOrEmpty(policy) ? null : JsonNode.Parse(policy) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether one pattern is about everything below a place; of patterns with more than a star at the end nothing is claimed.</summary>
    private static bool Covers(JsonNode? resource, string place) => resource switch
    {
        JsonArray several => several.Any(one => Covers(one, place)),
        JsonValue value when value.TryGetValue<string>(out var text) && text.EndsWith('*') => text is "*"
            || (text.IndexOf(Arn, StringComparison.Ordinal) is > 0 and var at && place.StartsWith(text[(at + Arn.Length)..^1], StringComparison.Ordinal)),
        _ => false,
    };

    private static bool IsText(JsonNode? node, string text) => node is JsonValue value && value.TryGetValue<string>(out var found) && string.Equals(found, text, StringComparison.OrdinalIgnoreCase);

    private static bool HasText(JsonNode? node, string text) => node is JsonArray several ? several.Any(one => HasText(one, text)) : IsText(node, text) || (node is JsonValue value && value.TryGetValue<bool>(out var flag) && string.Equals(flag ? "true" : "false", text, StringComparison.Ordinal));
}
