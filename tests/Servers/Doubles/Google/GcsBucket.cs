using System.Globalization;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>A bucket with all generations of its objects, the newest last.</summary>
internal sealed class GcsBucket(string name, JsonObject resource)
{
    public string Name => name;

    /// <summary>What <c>buckets.get</c> answers; a change is a new one.</summary>
    public JsonObject Resource { get; set; } = resource;

    public JsonObject Policy { get; set; } = new() { ["kind"] = "storage#policy", ["version"] = 1, ["etag"] = "CAE=", ["bindings"] = new JsonArray() };

    public SortedDictionary<string, List<GcsObject>> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>When a name was last changed: see <see cref="GcsDoubleOptions.LimitsMutations"/>.</summary>
    public Dictionary<string, DateTimeOffset> Changed { get; } = new(StringComparer.Ordinal);

    public long Metageneration => long.Parse((string)Resource["metageneration"]!, CultureInfo.InvariantCulture);

    public bool IsVersioned => (bool?)Resource["versioning"]?["enabled"] ?? false;

    public bool HasObjectRetention => (string?)Resource["objectRetention"]?["mode"] is "Enabled";

    public bool IsUniform => (bool?)Resource["iamConfiguration"]?["uniformBucketLevelAccess"]?["enabled"] ?? false;

    public bool PreventsPublic => (string?)Resource["iamConfiguration"]?["publicAccessPrevention"] is "enforced";

    public bool HoldsByDefault => (bool?)Resource["defaultEventBasedHold"] ?? false;

    public bool IsRetentionLocked => (bool?)Resource["retentionPolicy"]?["isLocked"] ?? false;

    public TimeSpan? RetentionPeriod => (string?)Resource["retentionPolicy"]?["retentionPeriod"] is { } seconds
        ? TimeSpan.FromSeconds(long.Parse(seconds, CultureInfo.InvariantCulture))
        : null;

    public long Bytes => Objects.Values.Sum(generations => generations.Sum(stored => (long)stored.Bytes.Length));

    public GcsObject? Live(string name) =>
        Objects.TryGetValue(name, out var generations) && generations.Count > 0 && generations[^1].Deleted is null ? generations[^1] : null;

    /// <param name="generation">Null for the live one.</param>
    public GcsObject? Find(string name, long? generation) =>
        generation is null ? Live(name) : Objects.GetValueOrDefault(name)?.Find(stored => stored.Generation == generation);

    public void Add(GcsObject stored)
    {
        if (!Objects.TryGetValue(stored.Name, out var generations))
        {
            Objects.Add(stored.Name, generations = []);
        }

        generations.Add(stored);
    }

    public void Remove(GcsObject stored)
    {
        var generations = Objects[stored.Name];
        generations.Remove(stored);
        if (generations.Count == 0)
        {
            Objects.Remove(stored.Name);
        }
    }
}
