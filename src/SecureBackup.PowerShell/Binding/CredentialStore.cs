using System.Management.Automation;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Cryptography;
using System.Security.Principal;
using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.PowerShell.Binding;

/// <summary>From what a target says about its credential to the credential, on the pipeline thread; and where those are kept that were given by hand.</summary>
/// <param name="session">Null where no command may run, so that nobody is asked for anything.</param>
internal sealed class CredentialStore(TargetRegistry registry, CommandInvocationIntrinsics? session)
{
    /// <summary>The credential of an address that is registered under no name, or of a target that says nothing.</summary>
    private const string UserVariable = "SECUREBACKUP_TARGET_USER";
    private const string PasswordVariable = "SECUREBACKUP_TARGET_PASSWORD";

    /// <exception cref="RequestException"><c>CredentialMissing</c>; what the secret store throws.</exception>
    public TargetCredential Open(TargetSettings settings)
    {
        var reference = settings.Credential;
        return reference switch
        {
            { Source: CredentialSource.Identity } => TargetCredential.OfIdentity(reference.Name ?? "auto"),
            { Source: CredentialSource.File, Name: { } path } => TargetCredential.OfFile(path, $"in {path}"),
            { Source: CredentialSource.Variable, Name: { } names } => OfVariables(names.Split(',')),
            { Source: CredentialSource.Secret, Name: { } name } => OfSecret(name, reference.SecretVault, $"in the secret '{name}'"),
            { Source: CredentialSource.Stored, Name: { } name } => OfSecret(name, reference.SecretVault, $"of the target '{settings.Name}'"),
            { Source: CredentialSource.Stored } => OfFile(settings.Name!),
            _ => Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } ? OfVariables([UserVariable, PasswordVariable]) : TargetCredential.OfIdentity("auto"),
        };
    }

    /// <summary>Where a credential will be kept: in the session's secret store where it has one, else in a file that only this user can read. Nothing is written.</summary>
    /// <exception cref="RequestException"><c>CredentialNotStorable</c>.</exception>
    public CredentialReference PlaceFor(string target, string? secretVault)
    {
        if (session is not null && SecretStore.CanSet(session))
        {
            return new CredentialReference(CredentialSource.Stored, $"SecureBackup/{target}", secretVault ?? SecretStore.DefaultVault(session));
        }

        return secretVault is null
            ? new CredentialReference(CredentialSource.Stored)
            : throw new RequestException(FaultCodes.CredentialNotStorable, $"Nothing can be kept in the secret vault '{secretVault}': this session knows no Set-Secret.");
    }

    /// <summary>Keeps a credential where <see cref="PlaceFor"/> says.</summary>
    /// <exception cref="RequestException"><c>CredentialNotStorable</c>.</exception>
    public void Keep(TargetSettings settings, PSCredential credential, Action<string> tell)
    {
        if (settings.Credential.Name is { } name)
        {
            new SecretStore(session!, settings.Credential.SecretVault).Set(name, credential);
            tell($"The credential is kept as the secret '{name}'.");
            return;
        }

        var path = PathOf(settings.Name!);
        WriteFile(path, credential);
        tell($"The credential is kept in {path}, which only this user can read.");
    }

    /// <summary>Whether both are one place, as far as can be told: a secret vault has a name in any case, and the default one may be either.</summary>
    public static bool MayBeSame(CredentialReference left, CredentialReference right) => left == right
        || (left is { Source: CredentialSource.Stored, Name: { } name } && right.Source == CredentialSource.Stored && string.Equals(name, right.Name, StringComparison.Ordinal)
            && string.Equals(left.SecretVault ?? right.SecretVault, right.SecretVault ?? left.SecretVault, StringComparison.OrdinalIgnoreCase));

    /// <summary>Takes away what <see cref="Keep"/> kept. What is gone already is no error, and what cannot be taken away a warning.</summary>
    public void Forget(TargetSettings settings, Action<string> warn)
    {
        if (settings.Credential.Source != CredentialSource.Stored)
        {
            return;
        }

        try
        {
            if (settings.Credential.Name is { } name)
            {
                new SecretStore(session!, settings.Credential.SecretVault).Remove(name);
            }
            else if (File.Exists(PathOf(settings.Name!)))
            {
                File.Delete(PathOf(settings.Name!));
            }
        }
        catch (RequestException exception)
        {
            warn($"{exception.Message} Delete it by hand with the module that keeps your secrets.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            warn($"The credential in {PathOf(settings.Name!)} could not be taken away: {exception.Message} Delete the file by hand.");
        }
    }

    /// <param name="names">Of the secret; of the id and the secret; of these and a token.</param>
    private static TargetCredential OfVariables(string[] names)
    {
        if (names.FirstOrDefault(static name => Environment.GetEnvironmentVariable(name) is not { Length: > 0 }) is { } missing && !(names.Length == 2 && string.Equals(missing, UserVariable, StringComparison.Ordinal)))
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"The environment variable {missing} is not set.");
        }

        var values = names.Select(Environment.GetEnvironmentVariable).ToList();
        var label = $"in {string.Join(" and ", names)}";
        return values.Count == 1 ? TargetCredential.Of(null, values[0], label) : TargetCredential.Of(values[0], values[1], label, values.ElementAtOrDefault(2));
    }

    private TargetCredential OfSecret(string name, string? vault, string label)
    {
        if (session is null)
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"The secret '{name}' may not be asked for here.");
        }

        using var secret = new SecretStore(session, vault).Credential(name, out var user);
        return TargetCredential.Of(user, secret.Characters.Span, label);
    }

    private TargetCredential OfFile(string target)
    {
        byte[]? bytes = null;
        char[]? text = null;
        try
        {
            bytes = File.ReadAllBytes(PathOf(target));
            text = Encoding.UTF8.GetChars(bytes);
            var end = Array.IndexOf(text, '\n');
            return end >= 0
                ? TargetCredential.Of(end == 0 ? null : new string(text, 0, end), text.AsSpan(end + 1), $"of the target '{target}'")
                : throw new RequestException(FaultCodes.CredentialMissing, $"The file of the credential of the target '{target}' holds none.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"The file of the credential of the target '{target}' cannot be read.", exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(text ?? []);
        }
    }

    /// <summary>The user, a line feed, the secret.</summary>
    private static void WriteFile(string path, PSCredential credential)
    {
        using var secret = SecretText.From(credential.Password);
        var user = Encoding.UTF8.GetBytes($"{credential.UserName}\n");
        var bytes = GC.AllocateArray<byte>(user.Length + Encoding.UTF8.GetByteCount(secret.Characters.Span), pinned: true);
        try
        {
            user.CopyTo(bytes, 0);
            Encoding.UTF8.GetBytes(secret.Characters.Span, bytes.AsSpan(user.Length));
            var folder = Path.GetDirectoryName(path)!;
            TargetRegistry.MakeFolder(folder);
            if (OperatingSystem.IsWindows())
            {
                CloseToOthers(folder);
            }

            DurableFile.WriteAsync(path, bytes, DurableWriteOptions.Private, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(FaultCodes.CredentialNotStorable, $"The credential cannot be written to {path}: {exception.Message}", exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    [SupportedOSPlatform("windows")]
    private static void CloseToOthers(string folder)
    {
        var security = new DirectorySecurity();
        security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
        security.AddAccessRule(new FileSystemAccessRule(
            WindowsIdentity.GetCurrent().User!, FileSystemRights.FullControl, InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit, PropagationFlags.None, AccessControlType.Allow));
        new DirectoryInfo(folder).SetAccessControl(security);
    }

    private string PathOf(string target) => Path.Combine(registry.Folder, "credentials", target);
}
