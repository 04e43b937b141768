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
    private const string SetCommand = "Set-Secret";
    private const string RemoveCommand = "Remove-Secret";
    private const string VaultCommand = "Get-SecretVault";
    private const string VaultParameter = "Vault";
    private const string Splatted = "param($Command, $Parameters) & $Command @Parameters";

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

    /// <summary>The credential of a target: with a user where the secret has one.</summary>
    /// <inheritdoc cref="Passphrase"/>
    public SecretText Credential(string name, out string? user)
    {
        user = null;
        switch (Fetch(name))
        {
            case [PSCredential credential]:
                user = credential.UserName;
                return SecretText.From(credential.Password);
            case [SecureString secret]:
                return SecretText.From(secret);
            case [string text]:
                return SecretText.From(text);
            default:
                throw NotUsable(name, "a target's credential is a PSCredential, a SecureString or a string");
        }
    }

    public static bool CanSet(CommandInvocationIntrinsics session) => Find(session, SetCommand) is not null;

    /// <summary>The name of the secret vault that is asked where none is named; null where the session does not say.</summary>
    /// <exception cref="RequestException">CredentialNotStorable.</exception>
    public static string? DefaultVault(CommandInvocationIntrinsics session)
    {
        if (Find(session, VaultCommand) is not { } command)
        {
            return null;
        }

        try
        {
            return session.InvokeScript(Splatted, true, PipelineResultTypes.None, null, command, new System.Collections.Hashtable { ["ErrorAction"] = "Stop" })
                .FirstOrDefault(static vault => LanguagePrimitives.IsTrue(vault?.Properties["IsDefault"]?.Value))?.Properties["Name"]?.Value?.ToString();
        }
        catch (RuntimeException exception) when (exception is not PipelineStoppedException)
        {
            throw new RequestException(FaultCodes.CredentialNotStorable, $"{VaultCommand} does not say which secret vault is the default one: {exception.Message}", exception);
        }
    }

    /// <exception cref="RequestException">CredentialNotStorable.</exception>
    public void Set(string name, PSCredential credential) => Change(SetCommand, name, "kept", new() { ["Secret"] = credential });

    /// <inheritdoc cref="Set"/>
    public void Remove(string name) => Change(RemoveCommand, name, "taken away", []);

    private static CommandInfo? Find(CommandInvocationIntrinsics session, string command) =>
        session.GetCommand(command, CommandTypes.Cmdlet | CommandTypes.Function | CommandTypes.Alias);

    private void Change(string command, string name, string done, System.Collections.Hashtable parameters)
    {
        if (Find(session, command) is not { } found)
        {
            throw NotChanged($"this session knows no {command}");
        }

        if (secretVault is null && found.Parameters.TryGetValue(VaultParameter, out var vault) && vault.ParameterSets.Values.Any(static set => set.IsMandatory))
        {
            throw NotChanged($"it is not known in which secret vault it is, and {command} asks for it");
        }

        try
        {
            session.InvokeScript(Splatted, true, PipelineResultTypes.None, null, found, ParametersOf(name, parameters));
        }
        catch (RuntimeException exception) when (exception is not PipelineStoppedException)
        {
            throw NotChanged(exception.Message, exception);
        }

        RequestException NotChanged(string why, Exception? inner = null) => new(FaultCodes.CredentialNotStorable, $"The secret '{name}'{Where} could not be {done}: {why}", inner);
    }

    private System.Collections.Hashtable ParametersOf(string name, System.Collections.Hashtable? more = null)
    {
        var parameters = new System.Collections.Hashtable(more ?? []) { ["Name"] = name, ["ErrorAction"] = "Stop" };
        if (secretVault is not null)
        {
            parameters[VaultParameter] = secretVault;
        }

        return parameters;
    }

    private IReadOnlyList<object> Fetch(string name)
    {
        if (Find(session, Command) is not { } command)
        {
            throw new RequestException(FaultCodes.SecretStoreMissing, $"The secret '{name}' was asked for, and this session knows no {Command}.");
        }

        Collection<PSObject> found;
        try
        {
            found = session.InvokeScript(Splatted, true, PipelineResultTypes.None, null, command, ParametersOf(name));
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
