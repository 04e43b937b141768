using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>A passphrase or the path of a key file, chosen but not yet used.</summary>
internal sealed class KeyChoice : IDisposable
{
    private readonly SecretText? _passphrase;
    private readonly string? _filePath;

    private KeyChoice(SecretText? passphrase, string? filePath)
    {
        _passphrase = passphrase;
        _filePath = filePath;
    }

    public static KeyChoice Of(SecretText passphrase) => new(passphrase, null);

    public static KeyChoice OfFile(string path) => new(null, path);

    /// <summary>Reads the file where it is one; warnings about it go to <paramref name="sink"/>.</summary>
    public VaultCredential Open(IEngineSink sink) =>
        _filePath is not null ? CredentialFile.Read(_filePath, sink) : new PassphraseCredential(_passphrase!.Characters);

    public void Dispose() => _passphrase?.Dispose();
}
