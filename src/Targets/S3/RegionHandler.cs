using System.Net;
using System.Text.RegularExpressions;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>Notes the region that a store names in the text of a refusal: with that it leaves the header out, and the SDK gives the text away.</summary>
internal sealed partial class RegionHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int MaxTextBytes = 64 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect
            && response.Content.Headers.ContentLength is null or (> 0 and <= MaxTextBytes) && ResponseNotes.Current is { Region: null } notes)
        {
            await response.Content.LoadIntoBufferAsync(MaxTextBytes, cancellationToken);
            notes.Region = RegionPattern().Match(await response.Content.ReadAsStringAsync(cancellationToken)) is { Success: true } match ? match.Groups["region"].Value : null;
        }

        return response;
    }

    /// <summary>The region itself, or the host that the bucket answers on.</summary>
    [GeneratedRegex(@"<Region>(?<region>[a-z0-9-]{1,64})</Region>|<Endpoint>(https?://)?([a-z0-9.-]{1,80}\.)?s3[.-](?<region>[a-z]{2}(-[a-z]{1,12}){1,3}-\d{1,3})\.[a-z0-9.]{1,80}</Endpoint>", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RegionPattern();
}
