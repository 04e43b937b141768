using System.Globalization;
using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Google;

/// <summary>Rules by which a bucket tidies itself. They have no names here, so that nothing tells whose one is: what is there stays and is added to.</summary>
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

    /// <summary>
    /// What the rules become: those that are there, and what is missing. Where a wish is left open, any rule of its kind and place is as good as ours. Only the usual rule for old versions
    /// of a prefix goes, in its every value the one that this module writes, where another number is wished.
    /// </summary>
    /// <exception cref="RequestException"><c>SetupRefused</c>: a rule that is there, and may be another's, acts sooner than is wished.</exception>
    public static IReadOnlyList<JsonObject> After(IReadOnlyList<JsonObject> present, SetupWishes wishes, string prefix, bool isVersioned)
    {
        var rules = present.ToList();
        Add(rules, Uploads(prefix));
        var usual = Versions(prefix, SetupWishes.UsualNoncurrentDays);
        if (isVersioned && wishes.NoncurrentDays is { } kept)
        {
            rules.RemoveAll(rule => prefix.Length > 0 && kept != SetupWishes.UsualNoncurrentDays && JsonNode.DeepEquals(rule, usual));
            Add(rules, Versions(prefix, kept), NoncurrentDays);
        }
        else if (isVersioned && !rules.Exists(rule => IsLike(rule, usual)))
        {
            rules.Add(usual);
        }

        if (wishes.ArchiveAfterDays is { } age)
        {
            var there = rules.Find(rule => IsLike(rule, Archive(prefix, "", 0)))?["action"]?["storageClass"]?.ToString();
            Add(rules, Archive(prefix, wishes.ArchiveClass?.ToUpperInvariant() ?? there ?? "ARCHIVE", age), "age");
        }

        return rules;
    }

    /// <summary>Those of the kinds and places that this module writes, with whatever numbers.</summary>
    public static IReadOnlyList<JsonObject> AtPlace(IEnumerable<JsonObject> rules, string prefix)
    {
        JsonObject[] kinds = [Uploads(prefix), Versions(prefix, 0), Archive(prefix, "", 0)];
        return [.. rules.Where(rule => kinds.Any(kind => IsLike(rule, kind)))];
    }

    public static JsonArray ArrayOf(IEnumerable<JsonObject> rules) => new([.. rules.Select(static rule => rule.DeepClone())]);

    /// <summary>In an order of its own; null where there are none.</summary>
    public static string? TextOf(IEnumerable<JsonObject> rules) => string.Join("; ", rules.Select(TextOf).Order(StringComparer.Ordinal)) is { Length: > 0 } text ? text : null;

    /// <summary>Rules that delete the live generation of anything below the prefix. Those that move are none: every class is read at once.</summary>
    public static string ReachOf(IEnumerable<JsonObject> rules, string prefix) => TextOf(rules.Where(rule => TypeOf(rule) is Delete && DeletesLive(rule) && PrefixesOf(rule).Any(own => Overlaps(own, prefix)))) ?? SetupItem.Off;

    private static bool DeletesLive(JsonObject rule) => rule["condition"] is not JsonObject condition
        || (!NeverLive.Any(condition.ContainsKey) && !(condition["isLive"] is JsonValue live && live.TryGetValue<bool>(out var isLive) && !isLive));

    private static void Add(List<JsonObject> rules, JsonObject wanted, string? days = null)
    {
        if (days is not null && rules.Find(rule => IsLike(rule, wanted) && JsonNode.DeepEquals(rule["action"], wanted["action"]) && DaysOf(rule, days) < DaysOf(wanted, days)) is { } sooner)
        {
            throw new RequestException(FaultCodes.SetupRefused, $"A lifecycle rule of the bucket acts sooner than is wished, and may be another's: {TextOf(sooner)}.")
            {
                Remedy = "Take that rule off in the platform's console, or wish for as many days as it has.",
            };
        }

        if (!rules.Exists(rule => JsonNode.DeepEquals(rule, wanted)))
        {
            rules.Add(wanted);
        }
    }

    private static int DaysOf(JsonObject rule, string key) => rule["condition"]?[key] is JsonValue value && value.TryGetValue<int>(out var days) ? days : int.MaxValue;

    /// <summary>The same deed in the same place under the same kinds of condition.</summary>
    private static bool IsLike(JsonObject rule, JsonObject kind) =>
        string.Equals(TypeOf(rule), TypeOf(kind), StringComparison.Ordinal) && PrefixesOf(rule).SequenceEqual(PrefixesOf(kind), StringComparer.Ordinal)
        && JsonNode.DeepEquals(rule["condition"]?["isLive"], kind["condition"]?["isLive"]) && KeysOf(rule).SetEquals(KeysOf(kind));

    private static HashSet<string> KeysOf(JsonObject rule) =>
        (rule["condition"] as JsonObject ?? []).Select(static pair => pair.Key).Where(static key => key is not "matchesPrefix").ToHashSet(StringComparer.Ordinal);

    private static JsonObject Uploads(string prefix) => Rule(Abort, null, prefix, new JsonObject { ["age"] = UploadDays });

    private static JsonObject Versions(string prefix, int days) => Rule(Delete, null, prefix, new JsonObject { ["isLive"] = false, [NoncurrentDays] = days });

    private static JsonObject Archive(string prefix, string storageClass, int days) => Rule(Move, storageClass, prefix + Packs, new JsonObject { ["age"] = days });

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
