using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Http;

/// <summary>The one way over HTTP, for every platform: no redirects, no decompression, no cookies, no retries, TLS 1.2 at the least.</summary>
internal static class StoreHttp
{
    public const string NoProxy = "none";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    /// <summary>So that an address that moved is followed.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    public static string UserAgent { get; } = $"SecureBackup/{typeof(StoreHttp).Assembly.GetName().Version!.ToString(3)}";

    /// <summary>Whether a setting names a proxy: of a 403 that is none of the store's it says who gave it.</summary>
    public static bool IsProxy(string? setting) => setting is not null && !string.Equals(setting, NoProxy, StringComparison.OrdinalIgnoreCase);

    public static HttpMessageHandler CreateHandler(HttpStoreOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            MaxConnectionsPerServer = options.MaxConnections,
            SslOptions = Trust(options.AuthorityFile),
            Credentials = options.Credentials,
        };
        if (string.Equals(options.Proxy, NoProxy, StringComparison.OrdinalIgnoreCase) || (options.Proxy is null && options.Endpoint.IsLoopback))
        {
            // This computer's own addresses may go without TLS because they leave it nowhere; the system's proxy would carry them out.
            handler.UseProxy = false;
        }
        else if (options.Proxy is { } proxy)
        {
            handler.Proxy = Uri.TryCreate(proxy.Contains("://", StringComparison.Ordinal) ? proxy : $"http://{proxy}", UriKind.Absolute, out var address)
                ? new WebProxy(address)
                : throw new RequestException(FaultCodes.TargetOptionInvalid, $"'{proxy}' is not the address of a proxy.");
        }

        return new CountingHandler(new PromptBodies(new TunnelRefusals(handler, handler.Proxy)), options.Meter, options.Classify);
    }

    /// <param name="wrap">Puts something around what counts and sends.</param>
    public static HttpClient CreateClient(HttpStoreOptions options, Func<HttpMessageHandler, HttpMessageHandler>? wrap = null)
    {
        var handler = CreateHandler(options);
        var client = new HttpClient(wrap?.Invoke(handler) ?? handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.ParseAdd(UserAgent);
        return client;
    }

    private static SslClientAuthenticationOptions Trust(string? authorityFile)
    {
        var options = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            RemoteCertificateValidationCallback = Judge,
        };
        if (authorityFile is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            try
            {
                policy.CustomTrustStore.ImportFromPemFile(authorityFile);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
            {
                throw new RequestException(FaultCodes.TargetOptionInvalid, $"'{authorityFile}' is not a file of certificates that can be read: {exception.Message}", exception);
            }

            options.CertificateChainPolicy = policy;
        }

        return options;
    }

    /// <summary>Says which certificate was shown, which the framework's own error leaves out.</summary>
    private static bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors != SslPolicyErrors.None && certificate is not null)
        {
            var subject = StrangersText.Of(certificate.Subject);
            throw new AuthenticationException(errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                ? $"the server shows a certificate of '{subject}', which is for another name"
                : $"the server shows a certificate of '{subject}' that no trusted authority signed");
        }

        return errors == SslPolicyErrors.None;
    }
}
