using System.Runtime.CompilerServices;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// The one place that names the assembly of the object stores, which is loaded with all its libraries when such a method is first compiled: a vault in a folder never does.
/// </summary>
internal static class RemotePlaces
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Target Open(TargetSettings settings, TargetCredential credential) =>
        RemoteTargets.Open(settings, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
}
