using System.Globalization;
using System.Text.Json.Nodes;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Google;

/// <summary>Rules by which a bucket tidies itself. They have no names here: ours are known by what they do and where, and those of others stay.</summary>
internal static class GcsLifecycle
{
    private const string Packs = "packs/";
    private const int UploadDays = 7;
    private const string Abort = "AbortIncompleteMultipartUpload";
    private const string Delete = "Delete";
    private const string Move = "SetStorageClass";
    private const string NoncurrentDays = "daysSinceNoncurrentTime";

    /// <summary>With these a rule is about old generations, or about objects that say a time of their own, which a vault's never do.</summary>
    private static readonly string[] NeverLive = ["numNewerVersions", NoncurrentDays, "noncurrentTimeBefore", "daysSinceCustomTime", "customTimeBefore"];

    public static IReadOnlyList<JsonObject> RulesOf(JsonObject bucket) =>
        bucket["lifecycle"]?["rule"] is JsonArray rules ? [.. rules.OfType<JsonObject>()] : [];

    public static IReadOnlyList<JsonObject> Wanted(SetupWishes wishes, string prefix, bool isVersioned)
    {
        var rules = new List<JsonObject> { Rule(Abort, null, prefix, new JsonObject { ["age"] = UploadDays }) };
        if (isVersioned)
        {
            rules.Add(Rule(Delete, null, prefix, new JsonObject { ["isLive"] = false, [NoncurrentDays] = wishes.NoncurrentDays }));
        }

        if (wishes.ArchiveAfterDays is { } days)
        {
            rules.Add(Rule(Move, wishes.ArchiveClass?.ToUpperInvariant() ?? "ARCHIVE", prefix + Packs, new JsonObject { ["age"] = days }));
        }

        return rules;
    }

    public static IReadOnlyList<JsonObject> OursOf(IEnumerable<JsonObject> rules, string prefix) => [.. rules.Where(rule => IsOurs(rule, prefix))];

    public static JsonArray Merge(IEnumerable<JsonObject> present, IEnumerable<JsonObject> wanted, string prefix) =>
        new([.. present.Where(rule => !IsOurs(rule, prefix)).Concat(wanted).Select(static rule => rule.DeepClone())]);

    /// <summary>In an order of its own; null where there are none.</summary>
    public static string? TextOf(IEnumerable<JsonObject> rules) => string.Join("; ", rules.Select(TextOf).Order(StringComparer.Ordinal)) is { Length: > 0 } text ? text : null;

    /// <summary>Rules that delete the live generation of anything below the prefix. Those that move are none: every class is read at once.</summary>
    public static string ReachOf(IEnumerable<JsonObject> rules, string prefix) => TextOf(rules.Where(rule => TypeOf(rule) is Delete && DeletesLive(rule) && PrefixesOf(rule).Any(own => Overlaps(own, prefix)))) ?? SetupItem.Off;

    private static bool DeletesLive(JsonObject rule) => rule["condition"] is not JsonObject condition
        || (!NeverLive.Any(condition.ContainsKey) && !(condition["isLive"] is JsonValue live && live.TryGetValue<bool>(out var isLive) && !isLive));

    private static bool IsOurs(JsonObject rule, string prefix) => TypeOf(rule) switch
    {
        Abort => HasConditions(rule, "age") && IsAt(rule, prefix),
        Delete => HasConditions(rule, "isLive", NoncurrentDays) && IsAt(rule, prefix),
        Move => HasConditions(rule, "age") && IsAt(rule, prefix + Packs),
        _ => false,
    };

    private static bool IsAt(JsonObject rule, string prefix) => PrefixesOf(rule) is [var own] && string.Equals(own, prefix, StringComparison.Ordinal);

    private static bool HasConditions(JsonObject rule, params string[] keys) =>
        rule["condition"] is JsonObject condition && condition.Select(static pair => pair.Key).Where(static key => key is not "matchesPrefix").Order(StringComparer.Ordinal).SequenceEqual(keys.Order(StringComparer.Ordinal), StringComparer.Ordinal);

    private static bool Overlaps(string one, string other) => one.StartsWith(other, StringComparison.Ordinal) || other.StartsWith(one, StringComparison.Ordinal);

    private static JsonObject Rule(string type, string? storageClass, string prefix, JsonObject condition)
    {
        if (prefix.Length > 0)
        {
            condition["matchesPrefix"] = new JsonArray(prefix);
        }

        var action = new JsonObject { ["type"] = type };
        if (storageClass is not null)
        {
            action["storageClass"] = storageClass;
        }

        return new JsonObject { ["action"] = action, ["condition"] = condition };
    }

    private static string TypeOf(JsonObject rule) => rule["action"]?["type"]?.ToString() ?? "";

    private static List<string> PrefixesOf(JsonObject rule) =>
        rule["condition"]?["matchesPrefix"] is JsonArray { Count: > 0 } prefixes ? [.. prefixes.Select(static prefix => prefix?.ToString() ?? "")] : [""];

    private static string TextOf(JsonObject rule)
    {
        var where = string.Join(", ", PrefixesOf(rule).Select(static prefix => prefix.Length == 0 ? "all" : prefix));
        var condition = rule["condition"] as JsonObject ?? [];
        var deed = TypeOf(rule) switch
        {
            Abort => "uploads end",
            Delete => DeletesLive(rule) ? "objects go" : "old versions go",
            Move => $"to {rule["action"]?["storageClass"]}",
            var other => other,
        };
        var when = string.Join(", ", condition.Where(static pair => pair.Key is not ("matchesPrefix" or "isLive")).OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => pair.Key switch
        {
            "age" or NoncurrentDays => string.Create(CultureInfo.InvariantCulture, $"after {pair.Value} days"),
            var key => $"{key} {pair.Value?.ToJsonString()}",
        }));
        return $"{where}: {deed} {when}".TrimEnd();
    }
}
