using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>Notes where a bucket lies by the word of a store that was asked at the wrong place. It stands in the body of its answer, which the SDK keeps to itself.</summary>
internal sealed partial class RegionReader(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int MaxBytes = 64 << 10;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var notes = ResponseNotes.Current;
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect or HttpStatusCode.BadRequest) || response.Content.Headers.ContentLength is not (> 0 and <= MaxBytes))
        {
            return response;
        }

        await response.Content.LoadIntoBufferAsync(MaxBytes, cancellationToken);
        var body = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        if (RegionPattern().Match(body) is { Success: true } match)
        {
            notes?.TakeRegion(match.Groups["region"].Value);
        }

        return response;
    }

    /// <summary>The region itself, or the host that the bucket answers on.</summary>
    [GeneratedRegex(@"<Region>(?<region>[a-z0-9-]{1,64})</Region>|<Endpoint>(https?://)?([a-z0-9.-]{1,80}\.)?s3[.-](?<region>[a-z]{2}(-[a-z]{1,12}){1,3}-\d{1,3})\.[a-z0-9.]{1,80}</Endpoint>", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RegionPattern();
}
