using Azure.Core;
using Azure.Core.Pipeline;

namespace SecureBackup.Targets.Azure;

/// <summary>
/// Announces the checksum of a body, before the request is signed. The SDK's own way would send the body in another format, a structured message, which not every
/// server takes.
/// </summary>
internal sealed class ChecksumHeader : HttpPipelineSynchronousPolicy
{
    private const string Md5 = "Content-MD5";
    private const string Crc64 = "x-ms-content-crc64";

    /// <summary>The requests sent from here on in this flow have a body of that checksum.</summary>
    public static IDisposable Announce(ReadOnlyMemory<byte> checksum, bool isMd5) => HttpPipeline.CreateHttpMessagePropertiesScope(
        new Dictionary<string, object?>(StringComparer.Ordinal) { [isMd5 ? Md5 : Crc64] = Convert.ToBase64String(checksum.Span) });

    public override void OnSendingRequest(HttpMessage message)
    {
        foreach (var name in new[] { Md5, Crc64 })
        {
            if (message.TryGetProperty(name, out var value) && value is string text)
            {
                message.Request.Headers.SetValue(name, text);
            }
        }
    }
}
