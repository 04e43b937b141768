using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;

namespace SecureBackup.Tests.Unit.Stores.WebDav;

internal static class DavPlace
{
    public static Target Open(string address, string? user, string password, TimeSpan? stallTimeout = null)
    {
        using var credential = user is null ? TargetCredential.None : TargetCredential.Of(user, password, "of the test");
        return RemoteTargets.Open(
            new TargetSettings { Address = TargetUri.Parse(address) }, credential, new OpenContext(NullSink.Instance, TimeProvider.System) { StallTimeout = stallTimeout ?? TimeSpan.FromSeconds(20) });
    }
}
