using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary><c>objects.insert</c> in its three ways: the bytes alone, with metadata before them, and in a session.</summary>
internal sealed class GcsUploads(GcsState state, GcsSessions sessions)
{
    public async Task<Func<GcsReply>> PrepareAsync(GcsCall call, HttpRequest request, Action<JsonObject> check)
    {
        switch (call.Query("uploadType"))
        {
            case "media":
                var media = await ReadAsync(request.Body);
                return () => Insert(call, new JsonObject { ["contentType"] = request.ContentType }, media);
            case "multipart":
                var (body, content) = await ReadPartsAsync(request);
                check(body);
                return () => Insert(call, body, content);
            case "resumable":
                var about = request.ContentLength is > 0 ? GcsJson.Parse(await ReadAsync(request.Body)) : [];
                check(about);
                return () => sessions.Begin(call, about);
            default:
                throw GcsFault.Invalid("An upload is of the type media, multipart or resumable.");
        }
    }

    public static async Task<byte[]> ReadAsync(Stream body)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    /// <summary>The name that a request gives, in its query or its metadata.</summary>
    public static string NameOf(GcsCall call, JsonObject body)
    {
        var (byQuery, byBody) = (call.Query("name"), (string?)body["name"]);
        return byQuery is not null && byBody is not null && !string.Equals(byQuery, byBody, StringComparison.Ordinal)
            ? throw GcsFault.Invalid($"Value '{byBody}' in content does not agree with value '{byQuery}'.")
            : GcsState.CheckName(byQuery ?? byBody);
    }

    public static void ThrowIfChanged(GcsCall call, JsonObject body, byte[] bytes)
    {
        var md5 = Convert.ToBase64String(System.Security.Cryptography.MD5.HashData(bytes));
        var crc = Castagnoli.Base64(bytes);
        var headers = call.Headers["x-goog-hash"].SelectMany(value => value!.Split(',')).Select(part => part.Trim().Split('=', 2)).ToLookup(part => part[0], part => part[1], StringComparer.Ordinal);
        foreach (var given in headers["crc32c"].Append((string?)body["crc32c"]))
        {
            if (given is not null && !string.Equals(given, crc, StringComparison.Ordinal))
            {
                throw GcsFault.Invalid($"Provided CRC32C \"{given}\" doesn't match calculated CRC32C \"{crc}\".");
            }
        }

        foreach (var given in headers["md5"].Append((string?)body["md5Hash"]))
        {
            if (given is not null && !string.Equals(given, md5, StringComparison.Ordinal))
            {
                throw GcsFault.Invalid($"Provided MD5 hash \"{given}\" doesn't match calculated MD5 hash \"{md5}\".");
            }
        }
    }

    private GcsReply Insert(GcsCall call, JsonObject body, byte[] bytes)
    {
        var bucket = state.Admit(call);
        var name = NameOf(call, body);
        ThrowIfChanged(call, body, bytes);
        return GcsReply.Of(state.Describe(bucket, state.Store(call, bucket, name, body, bytes)));
    }

    private static async Task<(JsonObject Body, byte[] Bytes)> ReadPartsAsync(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("multipart/related", StringComparison.OrdinalIgnoreCase) || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 } boundary)
        {
            throw GcsFault.Invalid("A multipart upload is multipart/related with a boundary.");
        }

        var reader = new MultipartReader(boundary.ToString(), request.Body);
        try
        {
            var first = await reader.ReadNextSectionAsync();
            if (first?.ContentType?.StartsWith("application/json", StringComparison.Ordinal) != true)
            {
                throw GcsFault.Invalid("The first part of a multipart upload is JSON.");
            }

            var body = GcsJson.Parse(await ReadAsync(first.Body));
            var second = await reader.ReadNextSectionAsync() ?? throw GcsFault.Invalid("A multipart upload has two parts.");
            var bytes = await ReadAsync(second.Body);
            if (await reader.ReadNextSectionAsync() is not null)
            {
                throw GcsFault.Invalid("A multipart upload has two parts.");
            }

            if (second.ContentType is not null && !body.ContainsKey("contentType"))
            {
                body["contentType"] = second.ContentType;
            }

            return (body, bytes);
        }
        catch (InvalidDataException exception)
        {
            throw GcsFault.Invalid(exception.Message);
        }
    }
}
