using System.Text.Json;
using Google.Apis.Auth.OAuth2;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <summary>
/// From what a target was given to a credential of the platform: the JSON of a key file or of a workload identity, the machine's own account, or what this computer
/// is set up with.
/// </summary>
internal static class GcsCredentials
{
    private const string FileVariable = "GOOGLE_APPLICATION_CREDENTIALS";

    private static readonly string[] Kinds = ["service_account", "external_account", "authorized_user", "impersonated_service_account", "external_account_authorized_user"];

    /// <exception cref="RequestException"><c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static GcsTokens From(TargetCredential credential, GcsSettings settings)
    {
        if (credential.FilePath is { } path)
        {
            return Of(settings, credential.Label, ReadFile(path), path);
        }

        if (!credential.Secret.IsEmpty)
        {
            return Of(settings, credential.Label, new string(credential.Secret.Span), "the secret");
        }

        return (credential.Identity ?? "auto") switch
        {
            "auto" => Found(settings),
            "instance" => OfMachine(settings),
            "workload" when Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file => Of(settings, $"in {file}", ReadFile(file), file),
            "workload" => throw new RequestException(FaultCodes.CredentialMissing, $"The variable {FileVariable} names no credential configuration."),
            var other => throw NotUsable($"{GcsSettings.Platform} has no identity '{other}'; it has auto, instance and workload."),
        };
    }

    /// <param name="tokens">Of the machine's metadata server, which no proxy leads to; null for the address that all machines of the platform have.</param>
    public static GcsTokens OfMachine(GcsSettings settings, Uri? tokens = null) => new(
        settings with { Proxy = StoreHttp.NoProxy },
        "of this machine",
        () => new ComputeCredential(tokens is null ? new ComputeCredential.Initializer() : new ComputeCredential.Initializer(tokens.AbsoluteUri)).ToGoogleCredential(),
        isNear: true);

    /// <summary>Where Google's own tools look, in their order: the variable, the login of gcloud, the machine.</summary>
    private static GcsTokens Found(GcsSettings settings)
    {
        var folder = Environment.GetEnvironmentVariable("CLOUDSDK_CONFIG") is { Length: > 0 } set
            ? set
            : OperatingSystem.IsWindows()
                ? Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "gcloud")
                : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config", "gcloud");
        var login = Path.Join(folder, "application_default_credentials.json");
        return Environment.GetEnvironmentVariable(FileVariable) switch
        {
            { Length: > 0 } file => Of(settings, $"in {file}", ReadFile(file), file),
            _ when File.Exists(login) => Of(settings, $"in {login}", ReadFile(login), login),
            _ => OfMachine(settings),
        };
    }

    private static GcsTokens Of(GcsSettings settings, string label, string json, string where)
    {
        if (KindOf(json) is not { } kind || !Kinds.Contains(kind, StringComparer.Ordinal))
        {
            throw NotUsable($"{where} is not the JSON of a service account's key or of a workload identity, which {GcsSettings.Platform} takes.");
        }

        try
        {
            var credential = CredentialFactory.FromJson(json, kind);
            return new GcsTokens(settings, label, () => credential);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The library throws whatever its parsers trip over, in words that may hold parts of the key.
            throw NotUsable($"{where} is a credential of the kind '{kind}' in which something is missing or damaged.");
        }
    }

    private static string? KindOf(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
                ? type.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"The credential file '{path}' cannot be read: {exception.Message}", exception);
        }
    }

    private static RequestException NotUsable(string message) => new(FaultCodes.CredentialNotUsable, message);
}
