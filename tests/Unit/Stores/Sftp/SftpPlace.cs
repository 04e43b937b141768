using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;

namespace SecureBackup.Tests.Unit.Stores.Sftp;

internal static class SftpPlace
{
    public static Target Open(string address, TargetCredential? credential = null, TimeSpan? stallTimeout = null) => RemoteTargets.Open(
        new TargetSettings { Address = TargetUri.Parse(address) }, credential ?? TargetCredential.None, new OpenContext(NullSink.Instance, TimeProvider.System) { StallTimeout = stallTimeout ?? TimeSpan.FromSeconds(20) });
}
