using System.Net;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.S3;

/// <summary>Sessions of the role that a task of ECS or a pod of EKS has, from the address that the platform put into the environment.</summary>
internal sealed class ContainerSource : ISessionSource
{
    private const string FullVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    private const string RelativeVariable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    private const string TokenVariable = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    private const string TokenFileVariable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    private const string TaskService = "http://169.254.170.2";
    private const string What = "No session of the role of this container can be had";

    /// <summary>Of the platform; besides them this machine, and whatever has TLS.</summary>
    private static readonly string[] Services = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

    private readonly Uri _address;
    private readonly Func<string, string?> _environment;
    private readonly MachineService _service;

    private ContainerSource(Uri address, Func<string, string?> environment, TimeProvider time)
    {
        (_address, _environment) = (address, environment);
        _service = new MachineService(address, What, "Look whether the task or the pod has a role, and its agent runs.", time);
    }

    public string Label => "of the role of this container";

    public string Remedy => "Look whether the role that the task or the pod has may use the store.";

    public static bool IsThere(Func<string, string?> environment) => environment(RelativeVariable) is { Length: > 0 } || environment(FullVariable) is { Length: > 0 };

    /// <exception cref="RequestException"><c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static ContainerSource Of(Func<string, string?> environment, TimeProvider time)
    {
        var given = environment(RelativeVariable) is { Length: > 0 } path ? TaskService + path
            : environment(FullVariable) is { Length: > 0 } full ? full
            : throw new RequestException(FaultCodes.CredentialMissing, $"{What}: neither {RelativeVariable} nor {FullVariable} is set, as in a container that has a role.");
        return Uri.TryCreate(given, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address.UserInfo.Length == 0
            && (address.Scheme is "https" || address.IsLoopback || Services.Contains(address.Host, StringComparer.OrdinalIgnoreCase))
            ? new ContainerSource(address, environment, time)
            : throw new RequestException(FaultCodes.CredentialNotUsable, $"{What}: the address in {FullVariable} is neither the platform's, nor on this machine, nor has it TLS.")
            {
                Remedy = "Set the variable as the platform does.",
            };
    }

    public async Task<S3Session> AskAsync()
    {
        var (status, text) = await _service.AskAsync(HttpMethod.Get, _address.PathAndQuery, await ReadTokenAsync() is { } token ? [("Authorization", token)] : []);
        return status switch
        {
            HttpStatusCode.OK => _service.Read(text),
            HttpStatusCode.NotFound => throw new RequestException(FaultCodes.CredentialMissing, $"{What}: it has none (404).") { Remedy = "Give the task or the pod a role that may use the store." },
            _ => throw new TargetException(TargetFault.KeyRejected, $"{What}: {_address.Authority} refuses it ({(int)status}).") { Remedy = Remedy },
        };
    }

    public void Dispose() => _service.Dispose();

    /// <summary>The file goes first, and is read anew each time: the platform renews it.</summary>
    private async Task<string?> ReadTokenAsync()
    {
        if (_environment(TokenFileVariable) is not { Length: > 0 } file)
        {
            return _environment(TokenVariable) is { Length: > 0 } token ? token : null;
        }

        try
        {
            return (await File.ReadAllTextAsync(file)).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"{What}: the token file '{file}' cannot be read: {exception.Message}", exception);
        }
    }
}
