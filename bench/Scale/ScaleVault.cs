using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench.Scale;

/// <summary>Vaults to put made-up indexes and listings into.</summary>
internal static class ScaleVault
{
    /// <param name="folder">For the owner's key and what a host remembers.</param>
    internal static Task<UnlockedVault> CreateAsync(Target target, string folder) =>
        VaultCreator.CreateAsync(target, new VaultCreation { KeyFilePath = Path.Combine(folder, "owner.key") }, Context(folder), CancellationToken.None);

    internal static async Task<UnlockedVault> OpenAsync(Target target, string folder)
    {
        using var credential = CredentialFile.Read(Path.Combine(folder, "owner.key"), NullSink.Instance);
        return await (await LockedVault.OpenAsync(target, CancellationToken.None)).UnlockAsync(credential, Context(folder), CancellationToken.None);
    }

    private static UnlockContext Context(string folder) => new(HostState.For(Path.Combine(folder, "host")), NullSink.Instance, TimeProvider.System);
}
