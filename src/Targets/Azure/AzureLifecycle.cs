using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Azure;

/// <summary>Rules by which an account tidies itself. Ours have names of our own, a vault's its own, and those of others stay.</summary>
internal static class AzureLifecycle
{
    private const string Packs = "packs/";
    private const string OurName = "securebackup";
    private const string Created = "daysAfterCreationGreaterThan";
    private const string Modified = "daysAfterModificationGreaterThan";
    private const string Archive = "tierToArchive";

    /// <summary>What was brought back from the archive to be read is not taken there again at once.</summary>
    private const int WarmDays = 7;

    private static readonly string[] Kinds = ["packs", "versions"];

    public static IReadOnlyList<JsonObject> RulesOf(JsonObject? policy) => policy?["properties"]?["policy"]?["rules"] is JsonArray rules ? [.. rules.OfType<JsonObject>()] : [];

    /// <summary>Where a wish is left open, a rule of ours stays as it is.</summary>
    /// <param name="prefix">Container and prefix.</param>
    public static IReadOnlyList<JsonObject> Wanted(SetupWishes wishes, IReadOnlyList<JsonObject> present, string prefix, bool isVersioned)
    {
        var rules = new List<JsonObject>();
        var versions = Find(present, prefix, "versions");
        if (versions is not null && wishes.NoncurrentDays is null)
        {
            rules.Add(versions);
        }
        else if (isVersioned || versions is not null)
        {
            rules.Add(Rule(prefix, "versions", prefix, "version", "delete", new JsonObject { [Created] = wishes.NoncurrentDays ?? SetupWishes.UsualNoncurrentDays }));
        }

        if (wishes.ArchiveAfterDays is { } days)
        {
            var action = ActionOf(wishes.ArchiveClass);
            var condition = new JsonObject { [Modified] = days };
            if (action is Archive)
            {
                condition["daysAfterLastTierChangeGreaterThan"] = WarmDays;
            }

            rules.Add(Rule(prefix, "packs", prefix + Packs, "baseBlob", action, condition));
        }
        else if (Find(present, prefix, "packs") is { } packs)
        {
            rules.Add(packs);
        }

        return rules;
    }

    public static IReadOnlyList<JsonObject> OursOf(IEnumerable<JsonObject> rules, string prefix) => [.. rules.Where(rule => IsOurs(rule, prefix))];

    public static JsonObject Merge(IEnumerable<JsonObject> present, IEnumerable<JsonObject> wanted, string prefix) => new()
    {
        ["properties"] = new JsonObject
        {
            ["policy"] = new JsonObject { ["rules"] = new JsonArray([.. present.Where(rule => !IsOurs(rule, prefix)).Concat(wanted).Select(static rule => rule.DeepClone())]) },
        },
    };

    /// <summary>In an order of its own; null where there are none.</summary>
    public static string? TextOf(IEnumerable<JsonObject> rules) => string.Join("; ", rules.SelectMany(TextsOf).Order(StringComparer.Ordinal)) is { Length: > 0 } text ? text : null;

    /// <summary>Rules that delete the newest version of anything below the prefix, or archive what must stay at hand.</summary>
    public static string ReachOf(IEnumerable<JsonObject> rules, string prefix) => TextOf(rules.Where(rule => IsOn(rule) && Reaches(rule, prefix))) ?? SetupItem.Off;

    private static JsonObject? Find(IEnumerable<JsonObject> rules, string prefix, string kind) => rules.FirstOrDefault(rule => string.Equals(rule["name"]?.ToString(), NameOf(prefix, kind), StringComparison.Ordinal));

    private static string ActionOf(string? archiveClass) => archiveClass?.ToUpperInvariant() switch
    {
        "COOL" => "tierToCool",
        "COLD" => "tierToCold",
        _ => Archive,
    };

    private static bool Reaches(JsonObject rule, string prefix)
    {
        var (definition, action) = (rule["definition"], rule["definition"]?["actions"]?["baseBlob"] as JsonObject);
        // Our objects have no index tags.
        return action is not null
            && definition?["filters"]?["blobIndexMatch"] is not JsonArray { Count: > 0 }
            && PrefixesOf(rule).Any(own => Overlaps(own, prefix)
                && (action.ContainsKey("delete") || (action.ContainsKey(Archive) && !own.StartsWith(prefix + Packs, StringComparison.Ordinal))));
    }

    private static bool Overlaps(string one, string other) => one.StartsWith(other, StringComparison.Ordinal) || other.StartsWith(one, StringComparison.Ordinal);

    private static bool IsOn(JsonObject rule) => rule["enabled"] is not JsonValue value || !value.TryGetValue<bool>(out var isOn) || isOn;

    private static bool IsOurs(JsonObject rule, string prefix) => Kinds.Any(kind => string.Equals(rule["name"]?.ToString(), NameOf(prefix, kind), StringComparison.Ordinal));

    /// <summary>Letters and digits are all that a name may have.</summary>
    private static string NameOf(string prefix, string kind) => $"{OurName}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(prefix)))[..12]}{kind}";

    private static JsonObject Rule(string prefix, string kind, string match, string of, string action, JsonObject condition) => new()
    {
        ["enabled"] = true,
        ["name"] = NameOf(prefix, kind),
        ["type"] = "Lifecycle",
        ["definition"] = new JsonObject
        {
            ["actions"] = new JsonObject { [of] = new JsonObject { [action] = condition } },
            ["filters"] = new JsonObject { ["blobTypes"] = new JsonArray("blockBlob"), ["prefixMatch"] = new JsonArray(match) },
        },
    };

    private static List<string> PrefixesOf(JsonObject rule) =>
        rule["definition"]?["filters"]?["prefixMatch"] is JsonArray { Count: > 0 } prefixes ? [.. prefixes.Select(static prefix => prefix?.ToString() ?? "")] : [""];

    private static IEnumerable<string> TextsOf(JsonObject rule)
    {
        var where = string.Join(", ", PrefixesOf(rule).Select(static prefix => prefix.Length == 0 ? "all" : prefix));
        foreach (var (of, actions) in rule["definition"]?["actions"] as JsonObject ?? [])
        {
            foreach (var (action, condition) in actions as JsonObject ?? [])
            {
                yield return $"{where}: {NounOf(of)} {VerbOf(action)}{WhenOf(condition as JsonObject)}{(IsOn(rule) ? "" : " (switched off)")}";
            }
        }
    }

    private static string NounOf(string of) => of switch
    {
        "baseBlob" => "objects",
        "version" => "old versions",
        _ => $"{of}s",
    };

    private static string VerbOf(string action) => action.StartsWith("tierTo", StringComparison.Ordinal) ? $"to {action["tierTo".Length..]}" : action is "delete" ? "go" : action;

    private static string WhenOf(JsonObject? condition) => string.Concat((condition ?? []).OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => string.Create(
        CultureInfo.InvariantCulture,
        $" {pair.Value} days after {pair.Key switch
        {
            Created => "they were made",
            Modified => "they were changed",
            "daysAfterLastAccessTimeGreaterThan" => "they were read",
            "daysAfterLastTierChangeGreaterThan" => "they were moved",
            var other => other,
        }}")));
}
