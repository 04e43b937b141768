using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Checksums;

namespace SecureBackup.Targets.Google;

/// <summary>Reads of bytes: ranges, proved to be the range that was asked for, and whole objects, proved by the store's own sum.</summary>
internal sealed class GcsReads(GcsClient client, GcsSettings settings, GcsNaming naming)
{
    /// <param name="generation">Null for the newest.</param>
    public Task ReadAsync(ObjectName name, string? generation, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var request = new GcsRequest(HttpMethod.Get, naming.Object(name, $"alt=media{GenerationOf(generation)}"), RequestKind.Get) { Range = new RangeHeaderValue(offset, offset + destination.Length - 1) };
        return client.SendAsync(
            GcsDeed.Read(name),
            request,
            async answer =>
            {
                RequireRange(name, answer.Response, offset, destination.Length);
                await ReadWholeAsync(name, answer, destination);
                return true;
            },
            cancellationToken);
    }

    public Task<WholeObject> FetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => client.SendAsync(
        GcsDeed.Read(name),
        new GcsRequest(HttpMethod.Get, naming.Object(name, "alt=media"), RequestKind.Get),
        async answer =>
        {
            var stat = StatOf(name, answer.Response);
            if (stat.LengthBytes > maxBytes)
            {
                return new WholeObject(stat, null);
            }

            var bytes = new byte[stat.LengthBytes];
            await ReadWholeAsync(name, answer, bytes);
            if (Header(answer.Response, "x-goog-hash") is { } sums && sums.Contains("crc32c=", StringComparison.Ordinal) && !sums.Contains($"crc32c={Crc32C.ToText(Crc32C.Of(bytes))}", StringComparison.Ordinal))
            {
                throw new TargetException(TargetFault.Garbled, $"'{name}' was changed on the way from {settings.DisplayName}: it does not have the store's sum.");
            }

            return new WholeObject(stat, bytes);
        },
        cancellationToken);

    public async Task<ObjectStat> StatAsync(ObjectName name, string? generation, CancellationToken cancellationToken)
    {
        var address = naming.Object(name, $"fields=size,timeCreated,generation,storageClass{GenerationOf(generation)}");
        return GcsListing.StatOf(name, await client.SendAsync(GcsDeed.Stat(name), new GcsRequest(HttpMethod.Get, address, RequestKind.Stat), GcsJson.Default.GcsObject, cancellationToken));
    }

    public TargetException EndsBefore(ObjectName name, long end) =>
        new(TargetFault.OutOfRange, string.Create(CultureInfo.InvariantCulture, $"'{name}' in {settings.DisplayName} ends before byte {end}."));

    private static string GenerationOf(string? generation) => generation is null ? "" : $"&generation={Uri.EscapeDataString(generation)}";

    /// <summary>Of an answer that is bytes. Its time is that of the last change of anything about the object, and so that of a later lock.</summary>
    private ObjectStat StatOf(ObjectName name, HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK || response.Content.Headers.ContentLength is not { } length || Header(response, "x-goog-generation") is not { } generation)
        {
            throw client.NoAnswer(GcsDeed.Read(name));
        }

        return new ObjectStat(name, length, GcsTimes.OfStore(response.Content.Headers.LastModified ?? response.Headers.Date ?? DateTimeOffset.UnixEpoch))
        {
            Tag = generation,
            StorageClass = Header(response, "x-goog-storage-class"),
        };
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;

    /// <summary>The range that was asked for and no other; the store gives less of it where the object ends.</summary>
    private void RequireRange(ObjectName name, HttpResponseMessage response, long offset, int length)
    {
        var range = response.Content.Headers.ContentRange;
        if (response.StatusCode != HttpStatusCode.PartialContent || range is not { From: { } from, To: { } to } || from != offset || (to - from + 1 < length && range.Length > to + 1))
        {
            throw new TargetException(TargetFault.Unavailable, string.Create(CultureInfo.InvariantCulture, $"'{name}' cannot be read in {settings.DisplayName}: the answer is not the range from byte {offset}."));
        }

        if (to - from + 1 < length)
        {
            throw EndsBefore(name, offset + length);
        }
    }

    private async Task ReadWholeAsync(ObjectName name, GcsAnswer answer, Memory<byte> destination)
    {
        await using var body = await answer.Response.Content.ReadAsStreamAsync(answer.Token);
        var read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, answer.Token);
        if (read < destination.Length || await body.ReadAsync(new byte[1], answer.Token) > 0)
        {
            throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {settings.DisplayName}: the answer does not have the length that it announces.");
        }
    }
}
