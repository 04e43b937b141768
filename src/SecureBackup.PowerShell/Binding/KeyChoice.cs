using System.Security.Cryptography;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>A passphrase, or a key file by its path or its text, chosen but not yet used.</summary>
internal sealed class KeyChoice : IDisposable
{
    private readonly SecretText? _passphrase;
    private readonly string? _filePath;
    private readonly byte[]? _content;

    private KeyChoice(SecretText? passphrase, string? filePath, byte[]? content)
    {
        _passphrase = passphrase;
        _filePath = filePath;
        _content = content;
    }

    public static KeyChoice Of(SecretText passphrase) => new(passphrase, null, null);

    public static KeyChoice OfFile(string path) => new(null, path, null);

    /// <param name="content">The text of a key file; wiped with this object.</param>
    /// <param name="where">For errors: "the secret 'x'".</param>
    public static KeyChoice OfContent(byte[] content, string where) => new(null, where, content);

    /// <summary>Reads the file where it is one; warnings about it go to <paramref name="sink"/>.</summary>
    public VaultCredential Open(IEngineSink sink) =>
        _content is not null ? CredentialFile.Parse(_content, _filePath!)
        : _filePath is not null ? CredentialFile.Read(_filePath, sink)
        : new PassphraseCredential(_passphrase!.Characters);

    public void Dispose()
    {
        _passphrase?.Dispose();
        CryptographicOperations.ZeroMemory(_content);
    }
}
