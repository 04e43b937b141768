using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Amazon.S3.Model;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.S3;

/// <summary>Rules by which a bucket tidies itself. Ours have names of our own, and those of others stay.</summary>
internal static class S3Lifecycle
{
    private const string Packs = "packs/";
    private const int UploadDays = 7;

    private const string Uploads = "uploads";
    private const string Versions = "versions";
    private const string Archive = "archive";

    private static readonly string[] Kinds = [Uploads, Versions, Archive];

    /// <summary>What a target in <paramref name="prefix"/> is to have. Where a wish is left open, a rule of ours stays as it is.</summary>
    public static IReadOnlyList<LifecycleRule> Wanted(SetupWishes wishes, IReadOnlyList<LifecycleRule> present, string prefix, bool isVersioned, string usualClass)
    {
        var rules = new List<LifecycleRule> { Rule(Uploads, prefix, static rule => rule.AbortIncompleteMultipartUpload = new LifecycleRuleAbortIncompleteMultipartUpload { DaysAfterInitiation = UploadDays }) };
        var versions = present.FirstOrDefault(rule => IsOurs(rule, Versions, prefix));
        if (isVersioned || versions is not null)
        {
            var days = wishes.NoncurrentDays ?? versions?.NoncurrentVersionExpiration?.NoncurrentDays ?? SetupWishes.UsualNoncurrentDays;
            rules.Add(Rule(Versions, prefix, rule => rule.NoncurrentVersionExpiration = new LifecycleRuleNoncurrentVersionExpiration { NoncurrentDays = days }));
        }

        var archive = present.FirstOrDefault(rule => IsOurs(rule, Archive, prefix));
        if (wishes.ArchiveAfterDays is { } age)
        {
            var storageClass = wishes.ArchiveClass?.ToUpperInvariant() ?? archive?.Transitions?.FirstOrDefault()?.StorageClass?.Value ?? usualClass;
            rules.Add(Rule(Archive, prefix, rule => rule.Transitions = [new LifecycleTransition { Days = age, StorageClass = new S3StorageClass(storageClass) }]));
        }
        else if (archive is not null)
        {
            rules.Add(archive);
        }

        return rules;
    }

    /// <summary>Rules of the old style have their prefix beside a filter's place; it means the same in one. Stores take either style, and no mix of them.</summary>
    public static IReadOnlyList<LifecycleRule> WithFilters(IReadOnlyList<LifecycleRule> rules)
    {
        foreach (var rule in rules)
        {
#pragma warning disable CS0618 // It is deprecated, and stands in buckets all the same.
            (rule.Filter, rule.Prefix) = (rule.Filter ?? FilterOf(rule.Prefix ?? ""), null);
#pragma warning restore CS0618
        }

        return rules;
    }

    /// <summary>The rules that there are, with ours of this prefix in place of those that we put before.</summary>
    public static List<LifecycleRule> Merge(IReadOnlyList<LifecycleRule> present, IReadOnlyList<LifecycleRule> wanted, string prefix) =>
        [.. present.Where(rule => !IsOurs(rule, prefix)), .. wanted];

    public static IReadOnlyList<LifecycleRule> OursOf(IReadOnlyList<LifecycleRule> present, string prefix) => [.. present.Where(rule => IsOurs(rule, prefix))];

    /// <summary>In an order of its own: stores give rules back as they like.</summary>
    public static string TextOf(IEnumerable<LifecycleRule> rules) => string.Join("; ", rules.Select(TextOf).Order(StringComparer.Ordinal));

    /// <summary>Rules that delete the newest version of anything of this prefix, or move what must stay at hand.</summary>
    public static string ReachOf(IEnumerable<LifecycleRule> rules, string prefix)
    {
        var reaching = rules.Where(rule => rule.Status == LifecycleRuleStatus.Enabled && PrefixOf(rule) is { } own && Overlaps(own, prefix) && Touches(rule, own, prefix)).ToList();
        return reaching.Count == 0 ? SetupItem.Off : TextOf(reaching);
    }

    private static bool Overlaps(string one, string other) => one.StartsWith(other, StringComparison.Ordinal) || other.StartsWith(one, StringComparison.Ordinal);

    private static bool Touches(LifecycleRule rule, string own, string prefix) =>
        rule.Expiration is { } expiration && (expiration.Days is > 0 || expiration.Date is not null)
        || (rule.Transitions is { Count: > 0 } && !own.StartsWith(prefix + Packs, StringComparison.Ordinal));

    /// <summary>Null for a rule of objects that have a tag: ours have none.</summary>
    private static string? PrefixOf(LifecycleRule rule) => rule.Filter switch
    {
        null => "",
        { LifecycleFilterPredicate: LifecyclePrefixPredicate predicate } => predicate.Prefix ?? "",
        { LifecycleFilterPredicate: LifecycleTagPredicate } or { Tag: not null } => null,
        { LifecycleFilterPredicate: LifecycleAndOperator several } => several.Operands.OfType<LifecycleTagPredicate>().Any() ? null : several.Operands.OfType<LifecyclePrefixPredicate>().FirstOrDefault()?.Prefix ?? "",
        { Prefix: { } own } => own,
        _ => "",
    };

    private static LifecycleRule Rule(string what, string prefix, Action<LifecycleRule> fill)
    {
        var rule = new LifecycleRule
        {
            Id = IdOf(what, prefix),
            Status = LifecycleRuleStatus.Enabled,
            Filter = FilterOf(PlaceOf(what, prefix)),
        };
        fill(rule);
        return rule;
    }

    private static LifecycleFilter FilterOf(string prefix) => new() { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = prefix } };

    /// <summary>Several targets may share a bucket. An id has 255 characters at most, a prefix more.</summary>
    private static string IdOf(string what, string prefix) => $"securebackup-{what}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(prefix)))[..12]}";

    private static string PlaceOf(string what, string prefix) => what is Archive ? prefix + Packs : prefix;

    private static bool IsOurs(LifecycleRule rule, string prefix) => Kinds.Any(what => IsOurs(rule, what, prefix));

    private static bool IsOurs(LifecycleRule rule, string what, string prefix) =>
        string.Equals(rule.Id, IdOf(what, prefix), StringComparison.Ordinal) && string.Equals(PrefixOf(rule), PlaceOf(what, prefix), StringComparison.Ordinal);

    private static string TextOf(LifecycleRule rule)
    {
        var deeds = new List<string>();
        if (rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation is > 0 and var uploads)
        {
            deeds.Add(string.Create(CultureInfo.InvariantCulture, $"uploads end after {uploads} days"));
        }

        if (rule.NoncurrentVersionExpiration?.NoncurrentDays is > 0 and var versions)
        {
            deeds.Add(string.Create(CultureInfo.InvariantCulture, $"old versions go after {versions} days"));
        }

        if (rule.Expiration is { } expiration && (expiration.Days is > 0 || expiration.Date is not null))
        {
            deeds.Add(expiration.Days is > 0 and var days ? string.Create(CultureInfo.InvariantCulture, $"objects go after {days} days") : string.Create(CultureInfo.InvariantCulture, $"objects go on {expiration.Date:yyyy-MM-dd}"));
        }

        deeds.AddRange((rule.Transitions ?? []).Select(static move => string.Create(CultureInfo.InvariantCulture, $"to {move.StorageClass?.Value} after {move.Days ?? 0} days")));
        return $"{rule.Id}: {PrefixOf(rule) switch { null => "tagged objects", "" => "all", var own => own }}: {(deeds.Count == 0 ? "nothing" : string.Join(", ", deeds))}{(rule.Status == LifecycleRuleStatus.Enabled ? "" : " (off)")}";
    }
}
