using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Uploads in parts: nothing of them is seen before they are completed.</summary>
internal sealed class S3MultipartMethods(S3ObjectMethods objects)
{
    private const int MinPartBytes = 5 << 20;

    public static bool Knows(string operation) => operation is "CreateMultipartUpload" or "UploadPart" or "CompleteMultipartUpload" or "AbortMultipartUpload" or "ListParts";

    public Task Answer(S3Call call, S3Bucket bucket, string operation) => operation switch
    {
        "CreateMultipartUpload" => Begin(call, bucket),
        "UploadPart" => Put(call, bucket),
        "CompleteMultipartUpload" => Complete(call, bucket),
        "AbortMultipartUpload" => Abort(call, bucket),
        _ => List(call, bucket),
    };

    private static S3Upload Find(S3Call call, S3Bucket bucket) => bucket.Uploads.GetValueOrDefault(call.Query["uploadId"]!) is { } upload && upload.Key == call.Key ? upload : throw new S3RefusalException(404, "NoSuchUpload");

    private static Task Begin(S3Call call, S3Bucket bucket)
    {
        var headers = call.Context.Request.Headers.ToDictionary(static header => header.Key.ToLowerInvariant(), static header => header.Value.ToString(), StringComparer.Ordinal);
        if (headers.Keys.Any(static name => name.StartsWith("x-amz-object-lock-", StringComparison.Ordinal)) && !bucket.HasLock)
        {
            throw new S3RefusalException(400, "InvalidRequest");
        }

        var upload = new S3Upload(Guid.NewGuid().ToString("n"), call.Key!, headers);
        bucket.Uploads[upload.Id] = upload;
        return call.AnswerAsync(200, new XElement("InitiateMultipartUploadResult", new XElement("Bucket", bucket.Name), new XElement("Key", call.Key), new XElement("UploadId", upload.Id)));
    }

    private static Task Abort(S3Call call, S3Bucket bucket)
    {
        bucket.Uploads.Remove(Find(call, bucket).Id);
        return call.AnswerAsync(204);
    }

    private static Task List(S3Call call, S3Bucket bucket)
    {
        var upload = Find(call, bucket);
        return call.AnswerAsync(200, new XElement(
            "ListPartsResult", new XElement("Bucket", bucket.Name), new XElement("Key", call.Key), new XElement("UploadId", upload.Id), new XElement("IsTruncated", "false"),
            upload.Parts.Select(static part => new XElement("Part", new XElement("PartNumber", part.Key), new XElement("ETag", $"\"{part.Value.ETag}\""), new XElement("Size", part.Value.Bytes.Length)))));
    }

    private static Task Put(S3Call call, S3Bucket bucket)
    {
        var upload = Find(call, bucket);
        if (upload.Headers.ContainsKey("x-amz-checksum-algorithm") && !call.Context.Request.Headers.Any(static header => header.Key.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase)))
        {
            throw new S3RefusalException(400, "InvalidRequest");
        }

        var etag = Convert.ToHexStringLower(MD5.HashData(call.Body));
        upload.Parts[call.Number("partNumber", 0)] = (call.Body, etag);
        call.Set("ETag", $"\"{etag}\"");
        return call.AnswerAsync(200);
    }

    private Task Complete(S3Call call, S3Bucket bucket)
    {
        var upload = Find(call, bucket);
        var named = call.Xml().Elements().Select(static part => (
            Number: int.Parse(Value(part, "PartNumber")!, CultureInfo.InvariantCulture), ETag: Value(part, "ETag")!.Trim('"'), Sha256: Value(part, "ChecksumSHA256"))).ToList();
        var bytes = new List<byte[]>();
        foreach (var (number, etag, sha256) in named)
        {
            if (!upload.Parts.TryGetValue(number, out var part) || part.ETag != etag || (sha256 is not null && sha256 != S3Call.Base64Sha256(part.Bytes)))
            {
                throw new S3RefusalException(400, "InvalidPart");
            }

            if (upload.Headers.ContainsKey("x-amz-checksum-algorithm") && sha256 is null)
            {
                throw new S3RefusalException(400, "InvalidRequest");
            }

            if (part.Bytes.Length < MinPartBytes && number != named[^1].Number)
            {
                throw new S3RefusalException(400, "EntityTooSmall");
            }

            bytes.Add(part.Bytes);
        }

        if (call.Header("x-amz-mp-object-size") is { } size && long.Parse(size, CultureInfo.InvariantCulture) != bytes.Sum(static part => (long)part.Length))
        {
            throw new S3RefusalException(400, "InvalidRequest");
        }

        bucket.Uploads.Remove(upload.Id);
        try
        {
            var tag = $"{Convert.ToHexStringLower(MD5.HashData([.. named.SelectMany(static part => Convert.FromHexString(part.ETag))]))}-{named.Count}";
            var stored = objects.Store(call, bucket, upload.Key, [.. bytes.SelectMany(static part => part)], tag, name => upload.Headers.GetValueOrDefault(name));
            return call.AnswerAsync(200, new XElement("CompleteMultipartUploadResult", new XElement("Bucket", bucket.Name), new XElement("Key", upload.Key), new XElement("ETag", $"\"{stored.ETag}\"")));
        }
        catch (S3RefusalException)
        {
            bucket.Uploads[upload.Id] = upload;
            throw;
        }
    }

    private static string? Value(XElement element, string name) => element.Elements().FirstOrDefault(child => child.Name.LocalName == name)?.Value;
}
