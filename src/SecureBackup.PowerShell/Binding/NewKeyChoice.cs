using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>A key that is about to be added to a vault: a passphrase, or the path of a key file to write.</summary>
internal sealed class NewKeyChoice(SecretText? passphrase, string? keyFilePath) : IDisposable
{
    public Task<KeyChange> AddAsync(UnlockedVault vault, string? label, IReadOnlyList<string> replaced, CancellationToken cancellationToken) =>
        keyFilePath is not null
            ? VaultKeys.AddKeyFileAsync(vault, keyFilePath, label ?? System.IO.Path.GetFileName(keyFilePath), replaced, cancellationToken)
            : AddPassphraseAsync(vault, label ?? "passphrase", replaced, cancellationToken);

    public void Dispose() => passphrase?.Dispose();

    private async Task<KeyChange> AddPassphraseAsync(UnlockedVault vault, string label, IReadOnlyList<string> replaced, CancellationToken cancellationToken)
    {
        using var credential = new PassphraseCredential(passphrase!.Characters);
        return await VaultKeys.AddPassphraseAsync(vault, credential, label, replaced, Argon2Parameters.Default, cancellationToken);
    }
}
