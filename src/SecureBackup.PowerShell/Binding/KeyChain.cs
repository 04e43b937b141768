using System.Collections.ObjectModel;
using System.Management.Automation.Host;
using System.Security;
using SecureBackup.Engine.Faults;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Where a vault's key comes from, in this order: what the caller gave, <c>SECUREBACKUP_KEYFILE</c>, <c>SECUREBACKUP_PASSPHRASE</c>,
/// a question to the person at the host. Lives on the pipeline thread; what it hands out is used and wiped by the caller.
/// </summary>
/// <param name="host">Null where nobody may be asked.</param>
internal sealed class KeyChain(SecureString? passphrase, string? keyFilePath, PSHost? host)
{
    public const string KeyFileVariable = "SECUREBACKUP_KEYFILE";
    public const string PassphraseVariable = "SECUREBACKUP_PASSPHRASE";

    /// <summary>Whether the caller named a key, which then beats a connected vault's.</summary>
    public bool IsExplicit => passphrase is not null || keyFilePath is not null;

    /// <summary>The key that opens a vault.</summary>
    public KeyChoice Resolve(string vault)
    {
        if (passphrase is not null && keyFilePath is not null)
        {
            throw new RequestException(FaultCodes.TwoKeysGiven, "Both -Passphrase and -KeyFile were given.");
        }

        return FromCaller() ?? FromEnvironment() ?? KeyChoice.Of(Ask($"Passphrase of the vault {vault}", vault));
    }

    /// <summary>The passphrase of a vault to be made; null when a key file alone is wanted.</summary>
    public SecretText? ResolveNew(string vault)
    {
        if (passphrase is not null)
        {
            return SecretText.From(passphrase);
        }

        if (keyFilePath is not null)
        {
            return null;
        }

        if (Environment.GetEnvironmentVariable(PassphraseVariable) is { Length: > 0 } text)
        {
            return SecretText.From(text);
        }

        var first = Ask($"Passphrase for the new vault {vault}", vault);
        using var second = Ask("The same passphrase again", vault);
        if (first.Matches(second))
        {
            return first;
        }

        first.Dispose();
        throw new RequestException(FaultCodes.PassphrasesDiffer, "The two passphrases differ.");
    }

    private KeyChoice? FromCaller() =>
        passphrase is not null ? KeyChoice.Of(SecretText.From(passphrase))
        : keyFilePath is not null ? KeyChoice.OfFile(keyFilePath)
        : null;

    private static KeyChoice? FromEnvironment() =>
        Environment.GetEnvironmentVariable(KeyFileVariable) is { Length: > 0 } path ? KeyChoice.OfFile(Path.GetFullPath(path))
        : Environment.GetEnvironmentVariable(PassphraseVariable) is { Length: > 0 } text ? KeyChoice.Of(SecretText.From(text))
        : null;

    private SecretText Ask(string message, string vault)
    {
        const string Field = "Passphrase";
        var field = new FieldDescription(Field);
        field.SetParameterType(typeof(SecureString));
        try
        {
            var answers = host?.UI?.Prompt(string.Empty, message, new Collection<FieldDescription> { field });
            if (answers is not null && answers.TryGetValue(Field, out var answer) && answer?.BaseObject is SecureString typed)
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
