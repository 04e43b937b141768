using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>Old versions, as the platform reads them out.</summary>
internal static class GuardRanges
{
    public static GuardAnswer Read(HttpRequest request, GuardedVersion version)
    {
        var headers = version.Headers(isNewest: false)
            .Append(KeyValuePair.Create("ETag", version.Tag))
            .Append(KeyValuePair.Create("Last-Modified", version.Modified.ToString("r", CultureInfo.InvariantCulture)))
            .Append(KeyValuePair.Create("x-ms-blob-type", "BlockBlob"))
            .Append(KeyValuePair.Create("x-ms-access-tier", version.Tier))
            .Append(KeyValuePair.Create("x-ms-server-encrypted", "true"))
            .Append(KeyValuePair.Create("Content-Type", "application/octet-stream"));
        if (HttpMethods.IsHead(request.Method))
        {
            return GuardAnswer.Of(200, headers.Append(KeyValuePair.Create("Content-Length", version.Length.ToString(CultureInfo.InvariantCulture))));
        }

        var body = version.Body ?? [];
        var asked = request.Headers["x-ms-range"].ToString() is { Length: > 0 } own ? own : request.Headers.Range.ToString();
        if (!RangeHeaderValue.TryParse(asked, out var parsed))
        {
            return GuardAnswer.Of(200, headers, body);
        }

        var range = parsed.Ranges.Single();
        var from = range.From ?? 0;
        if (from >= body.Length)
        {
            return GuardAnswer.Refuse(416, "InvalidRange");
        }

        var to = Math.Min(range.To ?? long.MaxValue, body.Length - 1);
        return GuardAnswer.Of(
            206,
            headers.Append(KeyValuePair.Create("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{body.Length}"))),
            body[(int)from..(int)(to + 1)]);
    }
}
