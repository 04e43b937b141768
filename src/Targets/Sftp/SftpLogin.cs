using System.Text;
using Renci.SshNet;
using Renci.SshNet.Common;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.Sftp;

/// <summary>What a server is told about who we are: a password, or a key from a file. Kept for as long as connections may have to be made.</summary>
internal sealed class SftpLogin : IDisposable
{
    private readonly SftpSettings _settings;
    private readonly string _user;
    private readonly byte[] _password;
    private readonly PrivateKeyFile? _key;

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public SftpLogin(SftpSettings settings, TargetCredential credential)
    {
        _settings = settings;
        Label = credential.Label;
        _user = settings.User ?? credential.User
            ?? throw new RequestException(FaultCodes.CredentialMissing, $"{settings.DisplayName} needs a user: in the address, as in sftp://user@host/path, or in the credential.");
        _password = [];
        if ((settings.IdentityFile ?? credential.FilePath) is { } file)
        {
            _key = ReadKey(file, credential);
        }
        else if (credential.Secret.Length > 0)
        {
            _password = GC.AllocateUninitializedArray<byte>(Encoding.UTF8.GetByteCount(credential.Secret.Span), pinned: true);
            Encoding.UTF8.GetBytes(credential.Secret.Span, _password);
        }
        else
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"{settings.DisplayName} needs the password of '{_user}', or a key file.");
        }
    }

    /// <summary>Whose credential it is, for errors.</summary>
    public string Label { get; }

    public ConnectionInfo Describe(TimeSpan timeout)
    {
        AuthenticationMethod[] methods = _key is not null ? [new PrivateKeyAuthenticationMethod(_user, _key)] : [ByPassword(), ByQuestions()];
        var proxy = _settings.Proxy;
        return new ConnectionInfo(
            _settings.Host,
            _settings.Port,
            _user,
            proxy switch { null => ProxyTypes.None, { Scheme: "socks5" } => ProxyTypes.Socks5, _ => ProxyTypes.Http },
            proxy?.DnsSafeHost ?? "",
            proxy?.Port ?? 0,
            "",
            "",
            methods)
        {
            Timeout = timeout,
        };
    }

    public void Dispose()
    {
        Array.Clear(_password);
        _key?.Dispose();
    }

    private PasswordAuthenticationMethod ByPassword() => new(_user, [.. _password]);

    /// <summary>The same password, for servers that ask for it as a question.</summary>
    private KeyboardInteractiveAuthenticationMethod ByQuestions()
    {
        var method = new KeyboardInteractiveAuthenticationMethod(_user);
        method.AuthenticationPrompt += (_, asked) =>
        {
            foreach (var question in asked.Prompts.Where(static question => !question.IsEchoed))
            {
                question.Response = Encoding.UTF8.GetString(_password);
            }
        };
        return method;
    }

    private PrivateKeyFile ReadKey(string file, TargetCredential credential)
    {
        try
        {
            return credential.Secret.Length > 0 ? new PrivateKeyFile(file, new string(credential.Secret.Span)) : new PrivateKeyFile(file);
        }
        catch (SshPassPhraseNullOrEmptyException exception)
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"The key file '{file}' has a passphrase, and {_settings.DisplayName} was given none.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw OptionReader.Invalid($"The key file '{file}' cannot be read: {exception.Message}");
        }
        catch (Exception exception)
        {
            throw new RequestException(FaultCodes.CredentialNotUsable, $"The key file '{file}' holds no private key that opens with the passphrase given.", exception);
        }
    }
}
