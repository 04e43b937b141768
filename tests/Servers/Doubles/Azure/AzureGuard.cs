using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>
/// Stands before Azurite, and keeps what that only pretends to or does not know: versions, policies and holds of objects, and the slow way out of the archive.
/// Each request is held against Microsoft's own description of the service.
/// </summary>
public sealed class AzureGuard : IAsyncDisposable
{
    private static readonly Uri Audience = new("https://storage.azure.com/");

    private readonly BlobServiceClient _admin;
    private readonly GuardForward _forward;
    private readonly bool _isVersioned;
    private readonly EntraDouble? _entra;
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly SortedDictionary<(string Container, string Blob), GuardedBlob> _blobs = new(Comparer<(string Container, string Blob)>.Create(static (left, right) =>
        string.CompareOrdinal(left.Container, right.Container) is not 0 and var order ? order : string.CompareOrdinal(left.Blob, right.Blob)));
    private readonly SemaphoreSlim _one = new(1);
    private LoopbackServer _server = null!;
    private long _lastTicks;

    private AzureGuard(AzuriteServer azurite, bool isVersioned, EntraDouble? entra)
    {
        _admin = azurite.Admin;
        _forward = new GuardForward(azurite.Endpoint, entra is null ? null : azurite.SignatureOf(AccountSasPermissions.All).TrimStart('?'));
        _isVersioned = isVersioned;
        _entra = entra;
    }

    public Uri Endpoint => new(_server.Address, AzuriteServer.Account);

    /// <summary>Requests that are none of the service's.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <param name="entra">Whose tokens are taken too; the emulator itself takes none without TLS.</param>
    public static async Task<AzureGuard> StartAsync(AzuriteServer azurite, bool isVersioned, EntraDouble? entra = null, X509Certificate2? certificate = null)
    {
        var guard = new AzureGuard(azurite, isVersioned, entra);
        guard._server = await LoopbackServer.StartAsync(guard.AnswerAsync, certificate);
        return guard;
    }

    /// <summary>What is on its way out of the archive arrives.</summary>
    public void EndWarmUps()
    {
        foreach (var blob in _blobs.Values)
        {
            blob.WarmsTo = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _forward.Dispose();
        _one.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer);
        var parts = context.Request.Path.Value!.Trim('/').Split('/', 3);
        foreach (var problem in BlobContract.Instance.Check(context.Request, parts.Length - 1))
        {
            _violations.Enqueue(problem);
        }

        await _one.WaitAsync();
        try
        {
            var answer = GuardForward.HasToken(context.Request) && _entra?.IsGranted(context.Request, Audience) != true
                ? GuardAnswer.Refuse(401, "InvalidAuthenticationInfo")
                : await DecideAsync(context, parts, buffer.ToArray());
            await answer.WriteAsync(context);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<GuardAnswer> DecideAsync(HttpContext context, string[] parts, byte[] body)
    {
        var comp = context.Request.Query["comp"].ToString();
        if (parts.Length < 3)
        {
            return parts.Length == 2 && comp is "list" && context.Request.Query["include"].ToString().Contains("versions", StringComparison.OrdinalIgnoreCase) && _isVersioned
                ? await RefusalOfAsync(context, body) ?? GuardListing.Versions(context.Request, Endpoint, parts[1], _blobs)
                : await ListAsync(context, parts, comp, body);
        }

        var key = (parts[1], parts[2]);
        var known = _blobs.GetValueOrDefault(key);
        return (context.Request.Method, comp) switch
        {
            ("PUT", "" or "blocklist") => await PutAsync(context, key, body),
            ("DELETE", "") => await DeleteAsync(context, key, known, body),
            ("GET" or "HEAD", "") => await ReadAsync(context, known, body),
            ("PUT" or "DELETE", "immutabilityPolicies") => await RefusalOfAsync(context, body) ?? GuardLocks.Set(context.Request, known, _isVersioned),
            ("PUT", "legalhold") => await RefusalOfAsync(context, body) ?? GuardLocks.Hold(context.Request, known, _isVersioned),
            ("PUT", "tier") => await MoveAsync(context, key, body),
            _ => await _forward.SendAsync(context, body),
        };
    }

    private async Task<GuardAnswer> PutAsync(HttpContext context, (string Container, string Blob) key, byte[] body)
    {
        var blob = _admin.GetBlobContainerClient(key.Container).GetBlobClient(key.Blob);
        var known = _blobs.GetValueOrDefault(key);
        var old = known?.Newest is null ? null : await BodyOfAsync(blob);
        var answer = await _forward.SendAsync(context, body);
        if (answer.Status != 201)
        {
            return answer;
        }

        known ??= _blobs[key] = new GuardedBlob();
        known.WarmsTo = null;
        if (!_isVersioned)
        {
            return answer;
        }

        if (known.Newest is { } replaced)
        {
            replaced.Body = old;
        }

        var properties = (await blob.GetPropertiesAsync()).Value;
        known.Newest = new GuardedVersion(NewId(), properties.ETag.ToString(), properties.LastModified, properties.ContentLength, properties.AccessTier ?? "Hot");
        known.Versions.Add(known.Newest);
        GuardLocks.Take(context.Request.Headers, known.Newest);
        answer.Set("x-ms-version-id", known.Newest.Id);
        return answer;
    }

    /// <summary>
    /// The emulator is not asked who signed the delete of a version: it would delete the newest. Without a version it hides the newest, locked or not; with one it takes that away, if it is
    /// none that is the newest or locked.
    /// </summary>
    private async Task<GuardAnswer> DeleteAsync(HttpContext context, (string Container, string Blob) key, GuardedBlob? known, byte[] body)
    {
        if (context.Request.Query["versionid"].ToString() is { Length: > 0 } id)
        {
            return GuardLocks.DeleteVersion(known, id);
        }

        var old = known?.Newest is null ? null : await BodyOfAsync(_admin.GetBlobContainerClient(key.Container).GetBlobClient(key.Blob));
        var answer = await _forward.SendAsync(context, body);
        if (answer.IsSuccess && known is not null)
        {
            if (known.Newest is { } hidden)
            {
                hidden.Body = old;
            }

            (known.Newest, known.WarmsTo) = (null, null);
        }

        return answer;
    }

    private async Task<GuardAnswer> ReadAsync(HttpContext context, GuardedBlob? known, byte[] body)
    {
        var id = context.Request.Query["versionid"].ToString();
        if (id.Length > 0 && !string.Equals(id, known?.Newest?.Id, StringComparison.Ordinal))
        {
            return await RefusalOfAsync(context, body)
                ?? (known?.Versions.Find(version => string.Equals(version.Id, id, StringComparison.Ordinal)) is { } old ? GuardRanges.Read(context.Request, old) : GuardAnswer.Refuse(404, "BlobNotFound"));
        }

        var isHead = HttpMethods.IsHead(context.Request.Method);
        if (known?.WarmsTo is not null && !isHead)
        {
            return await RefusalOfAsync(context, body) ?? GuardAnswer.Refuse(409, "BlobBeingRehydrated");
        }

        var answer = await _forward.SendAsync(context, body);
        if (answer.IsSuccess && known is not null)
        {
            foreach (var (name, value) in known.Newest?.Headers(isNewest: true) ?? [])
            {
                answer.Set(name, value);
            }

            if (known.WarmsTo is { } tier)
            {
                answer.Set("x-ms-access-tier", "Archive");
                answer.Set("x-ms-archive-status", $"rehydrate-pending-to-{tier.ToLowerInvariant()}");
            }
        }

        return answer;
    }

    /// <summary>Out of the archive it takes its time.</summary>
    private async Task<GuardAnswer> MoveAsync(HttpContext context, (string Container, string Blob) key, byte[] body)
    {
        if (_blobs.GetValueOrDefault(key)?.WarmsTo is not null)
        {
            return await RefusalOfAsync(context, body) ?? GuardAnswer.Refuse(409, "BlobBeingRehydrated");
        }

        var answer = await _forward.SendAsync(context, body);
        var tier = context.Request.Headers["x-ms-access-tier"].ToString();
        if (answer.Status == 202 && tier is not "Archive")
        {
            (_blobs.GetValueOrDefault(key) ?? (_blobs[key] = new GuardedBlob())).WarmsTo = tier;
        }

        return answer;
    }

    private async Task<GuardAnswer> ListAsync(HttpContext context, string[] parts, string comp, byte[] body)
    {
        var answer = await _forward.SendAsync(context, body);
        if (parts.Length == 2 && comp is "" && answer.IsSuccess)
        {
            answer.Set("x-ms-immutable-storage-with-versioning-enabled", _isVersioned ? "true" : "false");
        }

        return parts.Length == 2 && comp is "list" && answer.IsSuccess ? GuardListing.WithWarming(answer, parts[1], _blobs) : answer;
    }

    /// <summary>What the emulator says of a request that the guard answers itself, where that is that nobody may send it, or that there is no such place.</summary>
    private async Task<GuardAnswer?> RefusalOfAsync(HttpContext context, byte[] body)
    {
        var answer = await _forward.SendAsync(context, body);
        return answer.Status is 401 or 403 || answer.Headers.Exists(static header => header is { Key: "x-ms-error-code", Value: "ContainerNotFound" }) ? answer : null;
    }

    private static async Task<byte[]?> BodyOfAsync(BlobClient blob)
    {
        try
        {
            return (await blob.DownloadContentAsync()).Value.Content.ToArray();
        }
        catch (global::Azure.RequestFailedException exception) when (exception.Status is 404 or 409)
        {
            return null;
        }
    }

    private string NewId()
    {
        _lastTicks = Math.Max(_lastTicks + 1, DateTimeOffset.UtcNow.Ticks);
        return new DateTimeOffset(_lastTicks, TimeSpan.Zero).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
    }
}
