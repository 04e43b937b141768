using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Azure;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>Targets on a container of a server of this machine.</summary>
internal static class AzureStore
{
    /// <summary>So that objects in several blocks stay small.</summary>
    public const int BlockBytes = 100_000;

    public static string AddressOf(Uri endpoint, string container, string prefix = "some/prefix", string options = "") =>
        $"azblob://{AzuriteServer.Account}/{container}/{prefix}?endpoint={endpoint.OriginalString}{options}";

    public static AzureBlobTarget Open(string key, string address, TimeProvider? time = null)
    {
        using var credential = TargetCredential.Of(AzuriteServer.Account, key, "of the test");
        return Open(credential, address, time);
    }

    public static AzureBlobTarget Open(TargetCredential credential, string address, TimeProvider? time = null)
    {
        var settings = AzureSettings.From(new TargetSettings { Address = TargetUri.Parse(address) }, TimeSpan.FromSeconds(60)) with
        {
            SinglePutBytes = 2 * BlockBytes,
            BlockBytes = BlockBytes,
        };
        return new AzureBlobTarget(settings, AzureCredentials.From(credential, settings), time ?? TimeProvider.System);
    }
}
