using System.Text.Json;
using Amazon.Runtime.Endpoints;
using Endpoint = Amazon.Runtime.Endpoints.Endpoint;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Where the one bucket of a target answers, in place of the SDK's rules for every endpoint that its platform has. Those are one method of thousands of branches, asked twice for each request, which
/// the runtime compiles anew once it has been asked often: a tenth of a second of a processor, and up to 30 MiB that a long backup then holds beside its packs.
/// </summary>
internal sealed class S3Endpoint(S3Settings settings) : IEndpointProvider
{
    private const string SignatureVersion4 = "sigv4";

    /// <summary>Without a slash at its end, which the SDK would sign twice.</summary>
    private readonly string _address = settings.BucketAddress.AbsoluteUri.TrimEnd('/');

    private readonly string _attributes = JsonSerializer.Serialize(new Dictionary<string, object[]>(StringComparer.Ordinal)
    {
        ["authSchemes"] =
        [
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["name"] = SignatureVersion4,
                ["signingName"] = "s3",
                ["signingRegion"] = settings.Region,

                // A key is signed as it is sent.
                ["disableDoubleEncoding"] = true,
            },
        ],
    });

    public Endpoint ResolveEndpoint(EndpointParameters parameters) => new(_address, _attributes, headersJson: null);
}
