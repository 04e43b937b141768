using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>A way to the store of a vault that asks nobody any more: made on the pipeline thread, where credentials are had, and used there or in a job.</summary>
internal sealed class TargetAccess
{
    /// <summary>The credential of an address that is registered under no name.</summary>
    private const string UserVariable = "SECUREBACKUP_TARGET_USER";
    private const string PasswordVariable = "SECUREBACKUP_TARGET_PASSWORD";

    private TargetAccess(string place)
    {
        Place = place;
    }

    public string Place { get; }

    public static TargetAccess To(string place) => new(place);

    public Target Open() => Stack(VaultPlace.IsRemote(Place) ? OpenRemote() : LocalTarget.Open(Place));

    /// <summary>Makes the folder where it is missing; buckets are never made.</summary>
    public Target Create() => Stack(VaultPlace.IsRemote(Place) ? OpenRemote() : LocalTarget.Create(Place));

    private static Target Stack(Target platform) => TargetStack.Build(platform, new TargetStackOptions { CacheFolder = HostState.Default.ObjectsFolder });

    private Target OpenRemote()
    {
        using var credential = Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } password
            ? TargetCredential.Of(Environment.GetEnvironmentVariable(UserVariable), password, $"in {UserVariable} and {PasswordVariable}")
            : TargetCredential.OfIdentity("auto");
        return RemotePlaces.Open(new TargetSettings { Address = TargetUri.Parse(Place) }, credential);
    }
}
