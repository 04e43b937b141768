using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Core.Pipeline;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Azure;

/// <summary>
/// The account from above: what keys and signatures cannot see or set. A resource manager of its own answers, by tokens alone, and for whoever says in which group the
/// account stands.
/// </summary>
internal sealed class ArmClient
{
    private const string Version = "api-version=2023-05-01";

    /// <summary>Of a version of its own.</summary>
    private const string PermissionsVersion = "api-version=2022-04-01";

    private readonly AzureClient _client;
    private readonly AzureSettings _settings;
    private readonly HttpPipeline _pipeline;
    private readonly string _account;

    private ArmClient(AzureClient client, AzureSettings settings, TokenCredential token, string account)
    {
        _client = client;
        _settings = settings;
        _account = account;
        var options = new Options { Transport = client.Transport };
        options.Retry.MaxRetries = 0;
        options.Retry.NetworkTimeout = TimeSpan.FromDays(1);
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        _pipeline = HttpPipelineBuilder.Build(options, new BearerTokenAuthenticationPolicy(token, new Uri(settings.Cloud.Management, ".default").OriginalString));
    }

    /// <summary>Null where the account cannot be asked for: for want of an identity, or of the place where it stands.</summary>
    public static ArmClient? For(AzureClient client, AzureSettings settings) => client.Token is { } token && settings is { Subscription: { } subscription, ResourceGroup: { } group }
        ? new ArmClient(
            client,
            settings,
            token,
            $"subscriptions/{Uri.EscapeDataString(subscription)}/resourceGroups/{Uri.EscapeDataString(group)}/providers/Microsoft.Storage/storageAccounts/{settings.Account}")
        : null;

    /// <param name="path">Below the account; empty for itself.</param>
    /// <param name="absent"><inheritdoc cref="AzureDeed.Absent"/></param>
    /// <returns>Null where there is no such thing.</returns>
    /// <exception cref="TargetException">What the resource manager or the way to it said; an answer that says nothing is none.</exception>
    public async Task<JsonObject?> FindAsync(string path, string right, string? absent, CancellationToken cancellationToken)
    {
        var deed = AzureDeed.Place("The account's settings cannot be read", right) with { Absent = absent };
        var found = await SendAsync(RequestMethod.Get, $"{path}?{Version}", null, null, deed, cancellationToken);
        return found is not { Count: 0 } ? found : throw new TargetException(TargetFault.Unavailable, $"{deed.What} in {_settings.DisplayName}: the answer is not one of {AzureSettings.Platform}.");
    }

    /// <param name="tag">Of what is changed, where somebody else may change it too.</param>
    /// <exception cref="RequestException"><c>SetupRefused</c>.</exception>
    public async Task ChangeAsync(RequestMethod method, string path, JsonObject? body, string? tag, AzureDeed deed, CancellationToken cancellationToken) =>
        _ = await SendAsync(method, $"{path}?{Version}", body, tag, deed, cancellationToken)
            ?? throw new RequestException(FaultCodes.SetupRefused, $"{deed.What} in {_settings.DisplayName}: there is no {(path.Length == 0 ? "such account" : path.TrimStart('/'))} in the resource group '{_settings.ResourceGroup}'.");

    /// <summary>What the credential may do to the account, one set for each role that it was given.</summary>
    public async Task<IReadOnlyList<JsonObject>> GetPermissionsAsync(CancellationToken cancellationToken)
    {
        var answer = await SendAsync(
            RequestMethod.Get,
            $"/providers/Microsoft.Authorization/permissions?{PermissionsVersion}",
            null,
            null,
            AzureDeed.Place("Rights cannot be asked for", "Microsoft.Authorization/permissions/read"),
            cancellationToken);
        return answer?["value"] is JsonArray values ? [.. values.OfType<JsonObject>()] : [];
    }

    private Task<JsonObject?> SendAsync(RequestMethod method, string path, JsonObject? body, string? tag, AzureDeed deed, CancellationToken cancellationToken) => _client.WatchAsync(
        deed,
        async guard =>
        {
            using var message = _pipeline.CreateMessage();
            message.Request.Method = method;
            message.Request.Uri.Reset(new Uri(_settings.Cloud.Management, _account + path));
            message.Request.Headers.SetValue("Accept", "application/json");
            if (body is not null)
            {
                message.Request.Headers.SetValue("Content-Type", "application/json");
                message.Request.Content = RequestContent.Create(JsonSerializer.SerializeToUtf8Bytes(body, AzureJson.Default.JsonObject));
            }

            if (tag is not null)
            {
                message.Request.Headers.SetValue("If-Match", tag);
            }

            await _pipeline.SendAsync(message, guard.Token);
            var answer = await ParseAsync(message.Response, guard.Token);
            return message.Response.Status switch
            {
                >= 200 and < 300 => answer ?? [],
                404 when answer?["error"] is { } error && (deed.Absent is null || string.Equals(error["code"]?.ToString(), deed.Absent, StringComparison.Ordinal)) => null,
                _ => throw Refused(message.Response, answer, deed),
            };
        },
        cancellationToken);

    private static async Task<JsonObject?> ParseAsync(global::Azure.Response response, CancellationToken cancellationToken)
    {
        if (response.ContentStream is not { } content)
        {
            return null;
        }

        using var buffer = new MemoryStream();
        await content.CopyToAsync(buffer, cancellationToken);
        try
        {
            return buffer.Length == 0 ? null : JsonSerializer.Deserialize(buffer.GetBuffer().AsSpan(0, (int)buffer.Length), AzureJson.Default.JsonObject);
        }
        catch (JsonException) when (response.Status is < 200 or >= 300)
        {
            return null;
        }
        catch (JsonException exception)
        {
            throw new FormatException("The answer is no JSON.", exception);
        }
    }

    private Exception Refused(global::Azure.Response response, JsonObject? answer, AzureDeed deed)
    {
        var code = answer?["error"]?["code"]?.ToString() is { Length: > 0 and < 80 } said && said.All(char.IsAsciiLetterOrDigit) ? said : $"{response.Status}";
        var what = $"{deed.What} in {_settings.DisplayName}";
        return response.Status switch
        {
            401 => new TargetException(TargetFault.KeyRejected, $"{what}: {_settings.Cloud.Management.Host} does not accept the credential ({code})."),
            403 => new TargetException(TargetFault.AccessDenied, $"{what}: the credential may not {deed.May} (right {deed.Right}; {code}).") { Remedy = $"Give this credential the right {deed.Right}, or use one that has it." },
            429 => new TargetException(TargetFault.Throttled, $"{what} ({code}).") { RetryAfter = ResponseNotes.Current?.RetryAfter },
            408 or >= 500 or < 400 => new TargetException(TargetFault.Unavailable, $"{what} ({code})."),
            412 => new TargetException(TargetFault.Unavailable, $"The settings of {_settings.DisplayName} were changed by somebody else at the same moment ({code})."),
            _ => new RequestException(FaultCodes.SetupRefused, $"{what}: the platform does not allow it ({code})."),
        };
    }

    private sealed class Options : ClientOptions;
}
