using System.Management.Automation;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Binding;

/// <summary>A way to the store of a vault that asks nobody any more: made on the pipeline thread, where credentials are had, and used there or in the engine.</summary>
internal sealed class TargetAccess : IDisposable
{
    private readonly TargetSettings? _settings;
    private readonly TargetCredential? _credential;

    private TargetAccess(string place, TargetSettings? settings, TargetCredential? credential)
    {
        Place = place;
        _settings = settings;
        _credential = credential;
    }

    public string Place { get; }

    /// <summary>Whether what is fetched from the store may stay on this host.</summary>
    public bool KeepsObjects { get; init; } = true;

    /// <param name="session">Where secrets come from; null where nobody may be asked for one.</param>
    /// <exception cref="Engine.Faults.RequestException"><c>NoSuchTarget</c>, <c>TargetFileDamaged</c>, <c>CredentialMissing</c>; what the secret store throws.</exception>
    public static TargetAccess To(string place, CommandInvocationIntrinsics? session, bool keepsObjects = true)
    {
        if (!VaultPlace.IsRemote(place))
        {
            return new TargetAccess(place, null, null) { KeepsObjects = keepsObjects };
        }

        var registry = TargetRegistry.Default;
        var settings = VaultPlace.IsNamed(place) ? registry.Require(VaultPlace.NameOf(place)) : new TargetSettings { Address = TargetUri.Parse(place) };
        return new TargetAccess(place, settings, new CredentialStore(registry, session).Open(settings)) { KeepsObjects = keepsObjects };
    }

    public Target Open() => _settings is null ? Stack(LocalTarget.Open(Place)) : OpenRemote(_settings);

    /// <summary>Makes the folder where it is missing; buckets are never made.</summary>
    public Target Create() => _settings is null ? Stack(LocalTarget.Create(Place)) : OpenRemote(_settings);

    /// <summary>Whether the place is known not to refuse a second put of a name: it was tried, or is a WebDAV server that nobody has said otherwise of. Where nobody has tried, nothing is known.</summary>
    public bool IsKnownToOverwrite(Target target) =>
        _settings is { } settings && !target.Capabilities.ConditionalPut && (settings.Option("conditionalput") is not null || settings.Address.Scheme is "dav" or "davs");

    public void Dispose() => _credential?.Dispose();

    private Target Stack(Target platform, TargetSettings? settings = null) => TargetStack.Build(platform, new TargetStackOptions
    {
        Bandwidth = settings is null ? null : PlanOf(settings),
        IsReadOnly = settings?.IsReadOnly == true,
        CacheFolder = KeepsObjects ? HostState.Default.ObjectsFolder : null,
        Sink = RunSink.Instance,
    });

    private Target OpenRemote(TargetSettings settings) => Stack(RemotePlaces.Open(settings, _credential!), settings);

    /// <exception cref="Engine.Faults.RequestException"><c>TimetableInvalid</c>.</exception>
    public static BandwidthPlan? PlanOf(TargetSettings settings) =>
        settings is { MaxBytesPerSecond: null, Timetable: [] } ? null : BandwidthPlan.Parse(settings.Timetable, settings.MaxBytesPerSecond);
}
