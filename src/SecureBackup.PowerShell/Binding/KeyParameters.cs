using System.Security;
using SecureBackup.Engine.Faults;

namespace SecureBackup.PowerShell.Binding;

/// <summary>What a cmdlet's parameters say about a key; nothing of it is read or asked for yet.</summary>
internal sealed record KeyParameters(SecureString? Passphrase, string? KeyFilePath)
{
    /// <summary>The name of a secret that is the passphrase.</summary>
    public string? PassphraseSecret { get; init; }

    /// <summary>The name of a secret that is the text of a key file.</summary>
    public string? KeyFileSecret { get; init; }

    /// <summary>Where secrets come from; null where there are none to name.</summary>
    public SecretStore? Secrets { get; init; }

    public bool IsAny => Count > 0;

    private int Count => (Passphrase is null ? 0 : 1) + (KeyFilePath is null ? 0 : 1) + (PassphraseSecret is null ? 0 : 1) + (KeyFileSecret is null ? 0 : 1);

    /// <returns>Null where none is given.</returns>
    /// <exception cref="RequestException">TwoKeysGiven; what the secret store throws.</exception>
    public KeyChoice? Choose()
    {
        if (Count > 1)
        {
            throw new RequestException(FaultCodes.TwoKeysGiven, "Of -Passphrase, -KeyFile, -PassphraseSecret and -KeyFileSecret more than one was given.");
        }

        return Passphrase is not null ? KeyChoice.Of(SecretText.From(Passphrase))
            : KeyFilePath is not null ? KeyChoice.OfFile(KeyFilePath)
            : PassphraseSecret is not null ? KeyChoice.Of(Secrets!.Passphrase(PassphraseSecret))
            : KeyFileSecret is not null ? KeyChoice.OfContent(Secrets!.KeyFile(KeyFileSecret), $"the secret '{KeyFileSecret}'")
            : null;
    }

    /// <summary>A passphrase that is to be set; null where none is given.</summary>
    /// <inheritdoc cref="Choose"/>
    public SecretText? ChoosePassphrase() =>
        Passphrase is not null && PassphraseSecret is not null
            ? throw new RequestException(FaultCodes.TwoKeysGiven, "Both a passphrase and the name of a secret that is one were given.")
            : Passphrase is not null ? SecretText.From(Passphrase)
            : PassphraseSecret is not null ? Secrets!.Passphrase(PassphraseSecret)
            : null;
}
