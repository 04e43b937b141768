using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Golden;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>A vault that version 0.1 made, in memory: its register names no unlockers, and they have no wrapping keys.</summary>
internal sealed class EarlierVault : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly GoldenVault _golden = new(Path.Combine(GoldenVault.Root, "plain"));

    internal EarlierVault()
    {
        var root = Path.Combine(_golden.Folder, GoldenVault.VaultFolder);
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            Target.Replace(new ObjectName(Path.GetRelativePath(root, file).Replace('\\', '/')), File.ReadAllBytes(file));
        }
    }

    internal MemoryTarget Target { get; } = new();

    internal RecordingSink Sink { get; } = new();

    internal ReadOnlyMemory<char> Passphrase => _golden.Passphrase;

    internal string KeyPath => Path.Combine(_golden.Folder, GoldenVault.OwnerKey);

    internal IReadOnlyList<ObjectName> Unlockers => [.. Target.Objects.Keys.Where(static name => name.Value.StartsWith(ObjectNames.Unlockers, StringComparison.Ordinal))];

    internal string this[string name] => _folder[name];

    internal Task<UnlockedVault> OpenByPassphraseAsync(string? other = null) => OpenAsync(new PassphraseCredential(other?.AsMemory() ?? Passphrase));

    internal Task<UnlockedVault> OpenByFileAsync(string? path = null) => OpenAsync(CredentialFile.Read(path ?? KeyPath, Sink));

    /// <summary>On a host that has never seen it.</summary>
    internal async Task<UnlockedVault> OpenAsync(VaultCredential credential)
    {
        using (credential)
        {
            var locked = await LockedVault.OpenAsync(Target, CancellationToken.None);
            return await locked.UnlockAsync(credential, new UnlockContext(HostState.For(_folder[Guid.NewGuid().ToString()]), Sink, TimeProvider.System), CancellationToken.None);
        }
    }

    public void Dispose() => _folder.Dispose();
}
