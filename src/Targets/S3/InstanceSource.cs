using System.Net;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.S3;

/// <summary>Sessions of the role that an EC2 instance has, by the second version of its metadata service alone: the first gives them to whoever can make the machine ask.</summary>
internal sealed class InstanceSource : ISessionSource
{
    private const string Roles = "latest/meta-data/iam/security-credentials/";
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const string LifeHeader = "X-aws-ec2-metadata-token-ttl-seconds";
    private const string Life = "21600";
    private const string What = "No session of the role of this machine can be had";

    private readonly MachineService _service;

    public InstanceSource(Uri service, TimeProvider time) => _service = new MachineService(service, What, WhenSilent, time);

    public string Label => "of the role of this machine";

    public string Remedy => "Look whether the role that the instance has may use the store.";

    private static string WhenSilent =>
        "Is this an EC2 instance whose metadata service is on? In a container on one its hop limit must be 2. Elsewhere give a credential with Set-BackupTarget, or another -Identity.";

    public async Task<S3Session> AskAsync()
    {
        var (status, token) = await _service.AskAsync(HttpMethod.Put, "latest/api/token", (LifeHeader, Life));
        if (status != HttpStatusCode.OK)
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"{What}: its metadata service gives no token ({(int)status}).") { Remedy = WhenSilent };
        }

        var role = await AskAsync(Roles, token);
        return _service.Read(await AskAsync(Roles + Uri.EscapeDataString(role.Split('\n')[0].Trim()), token));
    }

    public void Dispose() => _service.Dispose();

    private async Task<string> AskAsync(string path, string token)
    {
        var (status, text) = await _service.AskAsync(HttpMethod.Get, path, (TokenHeader, token));
        return status == HttpStatusCode.OK && text.Length > 0
            ? text
            : throw new RequestException(FaultCodes.CredentialMissing, $"{What}: the instance has none ({(int)status}).")
            {
                Remedy = "Attach an instance profile with a role that may use the store, or give a credential with Set-BackupTarget.",
            };
    }
}
