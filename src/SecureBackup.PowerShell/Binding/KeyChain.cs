using System.Collections.ObjectModel;
using System.Management.Automation.Host;
using System.Security;
using SecureBackup.Engine.Faults;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Where a vault's key comes from, in this order: what the caller gave or named, <c>SECUREBACKUP_KEYFILE</c>, <c>SECUREBACKUP_PASSPHRASE</c>,
/// a question to the person at the host. Lives on the pipeline thread; what it hands out is used and wiped by the caller.
/// </summary>
/// <param name="host">Null where nobody may be asked.</param>
internal sealed class KeyChain(KeyParameters given, PSHost? host)
{
    public const string KeyFileVariable = "SECUREBACKUP_KEYFILE";
    public const string PassphraseVariable = "SECUREBACKUP_PASSPHRASE";

    /// <summary>Whether the caller named a key, which then beats a connected vault's.</summary>
    public bool IsExplicit => given.IsAny;

    /// <summary>The key that opens a vault.</summary>
    public KeyChoice Resolve(string vault) => given.Choose() ?? FromEnvironment() ?? KeyChoice.Of(Ask($"Passphrase of the vault {vault}", vault));

    /// <summary>The passphrase of a vault to be made; null when a key file alone is wanted.</summary>
    public SecretText? ResolveNew(string vault)
    {
        if (given.ChoosePassphrase() is { } chosen)
        {
            return chosen;
        }

        if (given.KeyFilePath is not null)
        {
            return null;
        }

        return Environment.GetEnvironmentVariable(PassphraseVariable) is { Length: > 0 } text
            ? SecretText.From(text)
            : AskTwice($"Passphrase for the new vault {vault}", vault);
    }

    /// <summary>A key that a vault gets besides those it has; the environment names one of those, and is not asked.</summary>
    public NewKeyChoice ResolveAdded(string vault)
    {
        var passphrase = given.ChoosePassphrase();
        if (passphrase is not null && given.KeyFilePath is not null)
        {
            passphrase.Dispose();
            throw new RequestException(FaultCodes.TwoKeysGiven, "Both a new passphrase and a new key file were given; each is a key of its own.");
        }

        return new NewKeyChoice(passphrase ?? (given.KeyFilePath is null ? AskTwice($"New passphrase for the vault {vault}", vault) : null), given.KeyFilePath);
    }

    private SecretText AskTwice(string message, string vault)
    {
        var first = Ask(message, vault);
        using var second = Ask("The same passphrase again", vault);
        if (first.Matches(second))
        {
            return first;
        }

        first.Dispose();
        throw new RequestException(FaultCodes.PassphrasesDiffer, "The two passphrases differ.");
    }

    private static KeyChoice? FromEnvironment() =>
        Environment.GetEnvironmentVariable(KeyFileVariable) is { Length: > 0 } path ? KeyChoice.OfFile(Path.GetFullPath(path))
        : Environment.GetEnvironmentVariable(PassphraseVariable) is { Length: > 0 } text ? KeyChoice.Of(SecretText.From(text))
        : null;

    /// <summary>One secret that somebody types.</summary>
    /// <param name="name">What the question is called.</param>
    public SecretText Ask(string message, string vault, string name = "Passphrase")
    {
        var field = new FieldDescription(name);
        field.SetParameterType(typeof(SecureString));
        try
        {
            var answers = host?.UI?.Prompt(string.Empty, message, new Collection<FieldDescription> { field });
            if (answers is not null && answers.TryGetValue(name, out var answer) && answer?.BaseObject is SecureString typed)
            {
                using (typed)
                {
                    return SecretText.From(typed);
                }
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or HostException or NotImplementedException or NotSupportedException)
        {
            throw NoKey(vault, exception);
        }

        throw NoKey(vault, null);
    }

    private static RequestException NoKey(string vault, Exception? inner) =>
        new(FaultCodes.NoKeyGiven, $"No key was given for the vault {vault}, and this session cannot ask for one.", inner);
}
