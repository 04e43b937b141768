using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs.Models;
using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>
/// The resource manager of one storage account, whose containers are those of an emulator. Each request is held against Microsoft's own description; what cannot be done
/// to an account is refused.
/// </summary>
public sealed class ArmDouble : IAsyncDisposable
{
    public const string Subscription = "11111111-2222-3333-4444-555555555555";
    public const string ResourceGroup = "backups";

    private readonly AzuriteServer _azurite;
    private readonly EntraDouble _entra;
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly ConcurrentDictionary<string, JsonObject> _containers = new(StringComparer.Ordinal);
    private readonly string _root = $"/subscriptions/{Subscription}/resourceGroups/{ResourceGroup}/providers/Microsoft.Storage/storageAccounts/{AzuriteServer.Account}";
    private LoopbackServer _server = null!;
    private int _tags;

    private ArmDouble(AzuriteServer azurite, EntraDouble entra)
    {
        _azurite = azurite;
        _entra = entra;
    }

    public Uri Address => _server.Address;

    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Method and what stands behind the account.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    public JsonObject Account { get; } = new()
    {
        ["location"] = "westeurope",
        ["sku"] = new JsonObject { ["name"] = "Standard_ZRS" },
        ["properties"] = new JsonObject { ["supportsHttpsTrafficOnly"] = false, ["minimumTlsVersion"] = "TLS1_0", ["encryption"] = new JsonObject { ["keySource"] = "Microsoft.Storage" } },
    };

    public JsonObject Service { get; } = new() { ["properties"] = new JsonObject { ["deleteRetentionPolicy"] = new JsonObject { ["enabled"] = true, ["days"] = 7 } } };

    public JsonObject? Policy { get; set; }

    public JsonArray Permissions { get; } = [];

    /// <summary>Of methods and paths, as in <see cref="Requests"/>: those that the credential has no right to.</summary>
    public Func<string, bool> Denies { get; set; } = static _ => false;

    /// <summary>From a request to what is answered instead; null for its own answer.</summary>
    public Func<string, (int Status, JsonObject? Answer)?> Instead { get; set; } = static _ => null;

    /// <summary>Says that it has done what it has not.</summary>
    public bool Forgets { get; set; }

    public static async Task<ArmDouble> StartAsync(AzuriteServer azurite, EntraDouble entra, X509Certificate2 certificate)
    {
        var started = new ArmDouble(azurite, entra);
        started._server = await LoopbackServer.StartAsync(started.AnswerAsync, certificate);
        return started;
    }

    /// <summary>A container as it was made.</summary>
    public void Describe(string container, bool hasLocks) => _containers[container] = new JsonObject { ["properties"] = new JsonObject { ["immutableStorageWithVersioning"] = new JsonObject { ["enabled"] = hasLocks } } };

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (status, answer) = await DecideAsync(context);
        context.Response.StatusCode = status;
        if (answer is not null)
        {
            await context.Response.WriteAsJsonAsync(answer);
        }
    }

    private async Task<(int Status, JsonObject? Answer)> DecideAsync(HttpContext context)
    {
        var request = context.Request;
        if (!_entra.IsGranted(request, Address))
        {
            return Refuse(401, "InvalidAuthenticationToken");
        }

        if (!request.Path.Value!.StartsWith(_root, StringComparison.Ordinal))
        {
            return Refuse(404, "ResourceGroupNotFound");
        }

        var path = request.Path.Value[_root.Length..];
        var what = $"{request.Method} {path}";
        _requests.Enqueue(what);
        if (path.StartsWith("/providers/Microsoft.Authorization/permissions", StringComparison.Ordinal))
        {
            return (200, new JsonObject { ["value"] = Permissions.DeepClone() });
        }

        var body = request.ContentLength > 0 ? (JsonObject?)await JsonNode.ParseAsync(request.Body) : null;
        foreach (var fault in ArmContract.Instance.Check(request, body))
        {
            _violations.Enqueue(fault);
        }

        return Instead(what) is { } other ? other
            : Denies(what) ? Refuse(403, "AuthorizationFailed")
            : Forgets && request.Method is not "GET" ? (200, new JsonObject())
            : path switch
            {
                "" => OfAccount(request, body),
                "/blobServices/default" => OfService(request, body),
                "/managementPolicies/default" => OfPolicy(request, body),
                _ => await OfContainerAsync(request, path["/blobServices/default/containers/".Length..].Split('/'), body),
            };
    }

    private (int Status, JsonObject? Answer) OfAccount(HttpRequest request, JsonObject? body)
    {
        Merge(Account, body);
        return (200, Account);
    }

    private (int Status, JsonObject? Answer) OfService(HttpRequest request, JsonObject? body)
    {
        if (Is(body?["properties"]?["isVersioningEnabled"]) && Is(Account["properties"]?["isHnsEnabled"]))
        {
            return Refuse(409, "FeatureNotSupportedForAccount");
        }

        if (body is not null)
        {
            Service["properties"] = body["properties"]!.DeepClone();
        }

        return (200, Service);
    }

    private (int Status, JsonObject? Answer) OfPolicy(HttpRequest request, JsonObject? body)
    {
        Policy = body ?? Policy;
        return Policy is null ? Refuse(404, "ManagementPolicyNotFound") : (200, Policy);
    }

    private async Task<(int Status, JsonObject? Answer)> OfContainerAsync(HttpRequest request, string[] parts, JsonObject? body)
    {
        var container = _azurite.Admin.GetBlobContainerClient(parts[0]);
        bool isThere = await container.ExistsAsync();
        var asksLocks = Is(body?["properties"]?["immutableStorageWithVersioning"]?["enabled"]);
        if (!isThere && (request.Method is not "PUT" || parts.Length > 1))
        {
            return Refuse(404, "ContainerNotFound");
        }

        if (asksLocks && (!Is(Service["properties"]?["isVersioningEnabled"]) || isThere))
        {
            return Refuse(409, "ContainerImmutableStorageWithVersioningNotAllowed");
        }

        if (!isThere)
        {
            await container.CreateAsync();
            Describe(parts[0], asksLocks);
        }

        var known = _containers.GetOrAdd(parts[0], static _ => new JsonObject { ["properties"] = new JsonObject() });
        if (parts.Length > 1)
        {
            return OfRetention(request, known, parts[^1], body);
        }

        if (body?["properties"]?["publicAccess"] is { } access)
        {
            await container.SetAccessPolicyAsync(access.ToString() is "None" ? PublicAccessType.None : PublicAccessType.Blob);
        }

        Merge(known, body);
        return (isThere ? 200 : 201, known);
    }

    /// <summary>A locked policy is lengthened, and nothing else.</summary>
    private (int Status, JsonObject? Answer) OfRetention(HttpRequest request, JsonObject container, string deed, JsonObject? body)
    {
        var present = container["properties"]!["immutabilityPolicy"] as JsonObject;
        if (present is not null && request.Method is not "GET" && !string.Equals(request.Headers.IfMatch.ToString(), present["etag"]!.ToString(), StringComparison.Ordinal))
        {
            return Refuse(412, "PreconditionFailed");
        }

        var isLocked = present?["properties"]?["state"]?.ToString() is "Locked";
        var (before, days) = (Days(present), Days(body) ?? Days(present));
        if ((present is null && deed is not "default") || (deed is "default" && isLocked) || (deed is "extend" && (!isLocked || days < before)))
        {
            return Refuse(409, "OperationNotAllowedOnImmutabilityPolicy");
        }

        var policy = new JsonObject
        {
            ["etag"] = $"\"{Interlocked.Increment(ref _tags).ToString(CultureInfo.InvariantCulture)}\"",
            ["properties"] = new JsonObject { ["immutabilityPeriodSinceCreationInDays"] = days, ["state"] = isLocked || deed is "lock" ? "Locked" : "Unlocked" },
        };
        container["properties"]!["immutabilityPolicy"] = policy;
        return (200, (JsonObject)policy.DeepClone());
    }

    private static int? Days(JsonObject? policy) => (int?)policy?["properties"]?["immutabilityPeriodSinceCreationInDays"];

    private static bool Is(JsonNode? node) => (bool?)node == true;

    private static void Merge(JsonObject into, JsonObject? change)
    {
        foreach (var (name, value) in change ?? [])
        {
            if (into[name] is JsonObject below && value is JsonObject given)
            {
                Merge(below, given);
            }
            else
            {
                into[name] = value?.DeepClone();
            }
        }
    }

    private static (int Status, JsonObject? Answer) Refuse(int status, string code) =>
        (status, new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = $"{code} was said." } });
}
