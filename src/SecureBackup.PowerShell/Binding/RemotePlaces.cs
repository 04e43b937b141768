using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
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
    private const string Assembly = "SecureBackup.Targets";

    /// <exception cref="RequestException"><c>PlatformNotInstalled</c>: the module lacks that assembly.</exception>
    public static Target Open(TargetSettings settings, TargetCredential credential)
    {
        try
        {
            return OpenHere(settings, credential);
        }
        catch (FileNotFoundException exception) when (exception.FileName?.StartsWith(Assembly, StringComparison.Ordinal) == true)
        {
            throw new RequestException(FaultCodes.PlatformNotInstalled, $"{settings.Address} cannot be opened: {Assembly} is not installed.", exception);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Target OpenHere(TargetSettings settings, TargetCredential credential) =>
        RemoteTargets.Open(settings, credential, new OpenContext(NullSink.Instance, TimeProvider.System));
}
