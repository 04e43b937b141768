using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <param name="Name">Null for one who came without a token.</param>
internal sealed record GcsCaller(string? Name, IReadOnlyList<string> Scopes)
{
    public static GcsCaller Nobody { get; } = new(null, []);
}

/// <summary>Who may do what. A principal has all permissions until it is given some.</summary>
internal sealed class GcsRights(bool allowsAnonymous)
{
    private static readonly FrozenDictionary<string, string[]> Needed = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["storage.objects.get"] = ["storage.objects.get"],
        ["storage.objects.list"] = ["storage.objects.list"],
        ["storage.objects.insert"] = ["storage.objects.create"],
        ["storage.objects.delete"] = ["storage.objects.delete"],
        ["storage.objects.patch"] = ["storage.objects.update"],
        ["storage.objects.compose"] = ["storage.objects.create", "storage.objects.get"],
        ["storage.objects.rewrite"] = ["storage.objects.create", "storage.objects.get"],
        ["storage.objects.copy"] = ["storage.objects.create", "storage.objects.get"],
        ["storage.buckets.get"] = ["storage.buckets.get"],
        ["storage.buckets.list"] = ["storage.buckets.list"],
        ["storage.buckets.insert"] = ["storage.buckets.create"],
        ["storage.buckets.delete"] = ["storage.buckets.delete"],
        ["storage.buckets.patch"] = ["storage.buckets.update"],
        ["storage.buckets.lockRetentionPolicy"] = ["storage.buckets.update"],
        ["storage.buckets.getIamPolicy"] = ["storage.buckets.getIamPolicy"],
        ["storage.buckets.setIamPolicy"] = ["storage.buckets.setIamPolicy"],
        ["storage.buckets.testIamPermissions"] = [],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string[]> Roles = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["roles/storage.objectViewer"] = ["storage.objects.get", "storage.objects.list"],
        ["roles/storage.legacyObjectReader"] = ["storage.objects.get"],
        ["roles/storage.objectCreator"] = ["storage.objects.create"],
        ["roles/storage.objectAdmin"] =
            ["storage.objects.get", "storage.objects.list", "storage.objects.create", "storage.objects.delete", "storage.objects.update"],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly Dictionary<string, HashSet<string>> _given = new(StringComparer.Ordinal);

    public void Give(string principal, IEnumerable<string> permissions) => _given[principal] = permissions.ToHashSet(StringComparer.Ordinal);

    public static bool IsKnown(string method) => Needed.ContainsKey(method);

    public void ThrowIfDenied(GcsCall call, GcsBucket? bucket)
    {
        if (call.Caller.Name is not null && !call.Caller.Scopes.Intersect(call.Method.Scopes, StringComparer.Ordinal).Any())
        {
            throw new GcsFault(403, "insufficientPermissions", "Request had insufficient authentication scopes.");
        }

        foreach (var permission in Needed[call.Method.Id])
        {
            ThrowIfDenied(call.Caller, bucket, permission);
        }
    }

    public void ThrowIfDenied(GcsCaller caller, GcsBucket? bucket, string permission)
    {
        if (!Has(caller, bucket, permission))
        {
            throw caller.Name is null
                ? new GcsFault(401, "required", $"Anonymous caller does not have {permission} access to the Google Cloud Storage resource.")
                : new GcsFault(403, "forbidden", $"{caller.Name} does not have {permission} access to the Google Cloud Storage resource. Permission '{permission}' denied on resource (or it may not exist).");
        }
    }

    public bool Has(GcsCaller caller, GcsBucket? bucket, string permission) =>
        caller.Name is { } name
            ? !_given.TryGetValue(name, out var given) || given.Contains(permission)
            : allowsAnonymous || (bucket is { PreventsPublic: false } && GivenToAll(bucket.Policy).Contains(permission));

    private static HashSet<string> GivenToAll(JsonObject policy) =>
    [
        .. (policy["bindings"] as JsonArray ?? [])
            .Where(binding => (binding!["members"] as JsonArray ?? []).Any(member => (string?)member is "allUsers"))
            .SelectMany(binding => Roles.GetValueOrDefault((string?)binding!["role"] ?? "") ?? []),
    ];
}
