using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Security;
using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Secrets by name, from the session's <c>Get-Secret</c>: that of Microsoft.PowerShell.SecretManagement where it is installed. Asked only when the
/// secret is needed, on the pipeline thread; nothing is kept.
/// </summary>
/// <param name="secretVault">The registered secret vault to ask; null for the default one.</param>
internal sealed class SecretStore(CommandInvocationIntrinsics session, string? secretVault)
{
    private const string Command = "Get-Secret";

    /// <exception cref="RequestException">SecretStoreMissing, SecretNotFound, SecretNotUsable.</exception>
    public SecretText Passphrase(string name) => Fetch(name) switch
    {
        [SecureString secret] => SecretText.From(secret),
        [PSCredential credential] => SecretText.From(credential.Password),
        [string text] => SecretText.From(text),
        _ => throw NotUsable(name, "a passphrase is a SecureString, a string or a PSCredential"),
    };

    /// <summary>The text of a key file; the caller wipes it.</summary>
    /// <inheritdoc cref="Passphrase"/>
    public byte[] KeyFile(string name)
    {
        var found = Fetch(name);
        switch (found)
        {
            case [byte[] bytes]:
                return bytes;
            case [byte, ..] when found.All(static part => part is byte):
                return [.. found.Cast<byte>()];
            case [string text]:
                return Encoding.UTF8.GetBytes(text);
            case [SecureString secret]:
                using (var text = SecretText.From(secret))
                {
                    var bytes = new byte[Encoding.UTF8.GetByteCount(text.Characters.Span)];
                    Encoding.UTF8.GetBytes(text.Characters.Span, bytes);
                    return bytes;
                }

            default:
                throw NotUsable(name, "a key file is bytes, a string or a SecureString that holds its whole text");
        }
    }

    private IReadOnlyList<object> Fetch(string name)
    {
        if (session.GetCommand(Command, CommandTypes.Cmdlet | CommandTypes.Function | CommandTypes.Alias) is not { } command)
        {
            throw new RequestException(FaultCodes.SecretStoreMissing, $"The secret '{name}' was asked for, and this session knows no {Command}.");
        }

        var parameters = new Dictionary<string, object>(StringComparer.Ordinal) { ["Name"] = name, ["ErrorAction"] = "Stop" };
        if (secretVault is not null)
        {
            parameters["Vault"] = secretVault;
        }

        Collection<PSObject> found;
        try
        {
            found = session.InvokeScript("param($Command, $Parameters) & $Command @Parameters", true, PipelineResultTypes.None, null, command, new System.Collections.Hashtable(parameters));
        }
        catch (RuntimeException exception)
        {
            throw new RequestException(FaultCodes.SecretNotFound, $"The secret '{name}'{Where} could not be had: {exception.Message}", exception);
        }

        return found is { Count: > 0 } && found.All(static item => item is not null)
            ? [.. found.Select(static item => item.BaseObject)]
            : throw new RequestException(FaultCodes.SecretNotFound, $"There is no secret '{name}'{Where}.");
    }

    private string Where => secretVault is null ? "" : $" in the secret vault '{secretVault}'";

    private RequestException NotUsable(string name, string kinds) => new(FaultCodes.SecretNotUsable, $"The secret '{name}'{Where} is of another kind: {kinds}.");
}
