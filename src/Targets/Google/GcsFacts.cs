using System.Globalization;
using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Google;

/// <summary>What a bucket is set to: its resource in one request, and its policy in another where somebody may have opened it to all.</summary>
internal sealed class GcsFacts(GcsClient client, GcsSettings settings, GcsNaming naming)
{
    public const string Autoclass = "Autoclass";

    /// <summary>A right of its own for those that ask for the bucket's settings.</summary>
    public const string ReadRight = "storage.buckets.get";

    private static readonly string[] FromResource =
    [
        SetupItem.Region, SetupItem.Owner, SetupItem.Encryption, SetupItem.Versioning, SetupItem.ObjectLock, SetupItem.DefaultRetention, SetupItem.PublicAccessBlock,
        SetupItem.UniformAccess, SetupItem.Lifecycle, SetupItem.LifecycleReach, SetupItem.SoftDelete, Autoclass,
    ];

    private static readonly string[] Lacking = [SetupItem.TransportPolicy, SetupItem.Replication, SetupItem.UnfinishedUploads, SetupItem.Room];

    /// <summary>As it was last read.</summary>
    public JsonObject Bucket { get; private set; } = [];

    public async Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken)
    {
        var isDenied = false;
        try
        {
            await ReadAsync(cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.PlaceMissing)
        {
            return [new TargetFact(SetupItem.Place, FactState.Known, null)];
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            isDenied = true;
        }

        return
        [
            new TargetFact(SetupItem.Place, FactState.Known, settings.Bucket),
            .. FromResource.Select(item => isDenied ? new TargetFact(item, FactState.Denied, null) : new TargetFact(item, FactState.Known, ValueOf(item))),
            await FindPublicAsync(cancellationToken),
            .. Lacking.Select(static item => new TargetFact(item, FactState.NotOffered, null)),
        ];
    }

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var deed = GcsDeed.Place("The bucket's settings cannot be read", ReadRight);
        var answer = await client.SendAsync(deed, new GcsRequest(HttpMethod.Get, $"{naming.Bucket}?projection=noAcl", RequestKind.Other), GcsJson.Default.JsonObject, cancellationToken);
        Bucket = answer["kind"]?.ToString() is "storage#bucket" ? answer : throw client.NoAnswer(deed);
    }

    /// <summary>From what was last read.</summary>
    public string? ValueOf(string item) => item switch
    {
        SetupItem.Place => Bucket["name"]?.ToString(),
        SetupItem.Region => Bucket["location"]?.ToString(),
        SetupItem.Owner => Bucket["projectNumber"]?.ToString(),
        SetupItem.Encryption => Bucket["encryption"]?["defaultKmsKeyName"]?.ToString() ?? "AES-256 by the platform's keys",
        SetupItem.Versioning => Switch(Bucket["versioning"]?["enabled"]),
        SetupItem.ObjectLock => Bucket["objectRetention"]?["mode"]?.ToString() is "Enabled" ? SetupItem.On : SetupItem.Off,
        SetupItem.DefaultRetention => RetentionText(Bucket["retentionPolicy"] as JsonObject),
        SetupItem.PublicAccessBlock => Bucket["iamConfiguration"]?["publicAccessPrevention"]?.ToString() is "enforced" ? SetupItem.On : SetupItem.Off,
        SetupItem.UniformAccess => Switch(Bucket["iamConfiguration"]?["uniformBucketLevelAccess"]?["enabled"]),
        SetupItem.Lifecycle => GcsLifecycle.TextOf(GcsLifecycle.RulesOf(Bucket)),
        SetupItem.LifecycleReach => GcsLifecycle.ReachOf(GcsLifecycle.RulesOf(Bucket), settings.Prefix),
        SetupItem.SoftDelete => Seconds(Bucket["softDeletePolicy"]?["retentionDurationSeconds"]) is > 0 and var kept ? Days(kept) : SetupItem.Off,
        Autoclass => Switch(Bucket["autoclass"]?["enabled"]),
        _ => null,
    };

    /// <summary>Of the bucket's own policy, from what was last read.</summary>
    public long RetentionSeconds => Seconds(Bucket["retentionPolicy"]?["retentionPeriod"]) ?? 0;

    /// <inheritdoc cref="RetentionSeconds"/>
    public bool IsRetentionLocked => Switch(Bucket["retentionPolicy"]?["isLocked"]) is SetupItem.On;

    public static string RetentionText(int days, bool isLocked) => Days(days * 86400L) + (isLocked ? ", locked" : "");

    private static string? RetentionText(JsonObject? policy) => Seconds(policy?["retentionPeriod"]) is > 0 and var kept ? Days(kept) + (Switch(policy?["isLocked"]) is SetupItem.On ? ", locked" : "") : null;

    private async Task<TargetFact> FindPublicAsync(CancellationToken cancellationToken)
    {
        if (ValueOf(SetupItem.PublicAccessBlock) is SetupItem.On)
        {
            return new TargetFact(SetupItem.PublicAccess, FactState.Known, SetupItem.Off);
        }

        try
        {
            var policy = await client.SendAsync(
                GcsDeed.Place("The bucket's policy cannot be read", "storage.buckets.getIamPolicy"), new GcsRequest(HttpMethod.Get, $"{naming.Bucket}/iam", RequestKind.Other), GcsJson.Default.JsonObject, cancellationToken);
            var open = (policy["bindings"] as JsonArray ?? []).SelectMany(static binding => (binding?["members"] as JsonArray ?? [])
                .Select(static member => member?.ToString()).Where(static member => member is "allUsers" or "allAuthenticatedUsers").Select(member => $"{member}: {binding?["role"]}")).ToList();
            return new TargetFact(SetupItem.PublicAccess, FactState.Known, open.Count == 0 ? SetupItem.Off : string.Join("; ", open));
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            return new TargetFact(SetupItem.PublicAccess, FactState.Denied, null);
        }
    }

    private static string Switch(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var isOn) && isOn ? SetupItem.On : SetupItem.Off;

    private static long? Seconds(JsonNode? node) => long.TryParse(node?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;

    private static string Days(long seconds) => seconds % 86400 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 86400} days")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds} seconds");
}
