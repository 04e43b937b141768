using Amazon.Runtime.Endpoints;
using Endpoint = Amazon.Runtime.Endpoints.Endpoint;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Where the one bucket of a target answers, in place of the SDK's rules for every endpoint that its platform has. Those are one method of thousands of branches, asked twice for each request, which
/// the runtime compiles anew once it has been asked often: a tenth of a second of a processor, and up to 30 MiB that a long backup then holds beside its packs.
/// </summary>
internal sealed class S3Endpoint(S3Settings settings) : IEndpointProvider
{
    /// <summary>Without a slash at its end, which the SDK would sign twice.</summary>
    private readonly string _address = settings.BucketAddress.AbsoluteUri.TrimEnd('/');

    /// <summary>A region has letters, digits, hyphens and underscores alone. A key is signed as it is sent.</summary>
    private readonly string _attributes =
        $$"""{"authSchemes":[{"name":"sigv4","signingName":"s3","signingRegion":"{{settings.Region}}","disableDoubleEncoding":true}]}""";

    public Endpoint ResolveEndpoint(EndpointParameters parameters) => new(_address, _attributes, headersJson: null);
}
