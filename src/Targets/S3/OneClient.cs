using Amazon.Runtime;

namespace SecureBackup.Targets.S3;

/// <summary>The SDK sends by the client that it is given, and leaves it alone otherwise.</summary>
internal sealed class OneClient(HttpClient client) : HttpClientFactory
{
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
}
