using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.Runtime.Internal.Auth;
using Amazon.S3;

namespace SecureBackup.Targets.S3;

/// <summary>Asks for a setting of the bucket that only one provider has, and the SDK has no request for.</summary>
internal sealed class S3Question(HttpClient http, S3Settings settings, AWSCredentials credentials, TimeProvider time)
{
    private const string Service = "s3";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    private const int MaxAnswerBytes = 1 << 20;

    private static readonly string NoBody = Convert.ToHexStringLower(SHA256.HashData([]));

    /// <exception cref="AmazonS3Exception">The store refuses.</exception>
    public async Task<XElement> SendAsync(string query, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(settings.BucketAddress, $"?{query}"));
        if (settings.Authorize is null)
        {
            await SignAsync(request);
        }

        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var root = await ReadAsync(stream, answer.IsSuccessStatusCode, cancellationToken);
        return answer.IsSuccessStatusCode ? root!
            : throw new AmazonS3Exception($"The answer is {(int)answer.StatusCode}.", ErrorType.Unknown, Text(root, "Code"), Text(root, "RequestId"), answer.StatusCode);
    }

    private static string? Text(XElement? root, string name) => root?.Elements().FirstOrDefault(child => string.Equals(child.Name.LocalName, name, StringComparison.Ordinal))?.Value;

    /// <summary>Null for a refusal that is no XML: its status says enough.</summary>
    private static async Task<XElement?> ReadAsync(Stream stream, bool isNeeded, CancellationToken cancellationToken)
    {
        using var reader = XmlReader.Create(stream, new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxAnswerBytes });
        try
        {
            return (await XDocument.LoadAsync(reader, LoadOptions.None, cancellationToken)).Root;
        }
        catch (XmlException) when (!isNeeded)
        {
            return null;
        }
    }

    private async Task SignAsync(HttpRequestMessage request)
    {
        var keys = await credentials.GetCredentialsAsync();
        var now = time.GetUtcNow().UtcDateTime;
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = request.RequestUri!.Authority,
            ["x-amz-content-sha256"] = NoBody,
            ["x-amz-date"] = now.ToString(TimeFormat, CultureInfo.InvariantCulture),
        };
        if (keys.UseToken)
        {
            headers["x-amz-security-token"] = keys.Token;
        }

        var names = string.Join(';', headers.Keys);
        var query = string.Join('&', request.RequestUri.Query.TrimStart('?').Split('&').Select(static pair => pair.Contains('=', StringComparison.Ordinal) ? pair : $"{pair}="));
        var canonical = new StringBuilder($"GET\n{request.RequestUri.AbsolutePath}\n{query}\n").AppendJoin("", headers.Select(static header => $"{header.Key}:{header.Value}\n")).Append(CultureInfo.InvariantCulture, $"\n{names}\n{NoBody}");
        var signature = AWS4Signer.ComputeSignature(keys, settings.Region, now, Service, names, canonical.ToString());
        foreach (var (name, value) in headers.Where(static header => header.Key is not "host"))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("Authorization", signature.ForAuthorizationHeader);
    }
}
