using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>Resumable uploads. What arrives is kept in whole pieces of 256 KiB, also of a chunk that broke off; whoever knows a session may use it.</summary>
internal sealed partial class GcsSessions(GcsState state)
{
    private const int PieceBytes = 256 * 1024;

    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);

    private sealed class Session(GcsCall call, JsonObject body, long? announced, DateTimeOffset begun)
    {
        public GcsCall Call => call;

        public JsonObject Body => body;

        public long? Announced => announced;

        public DateTimeOffset Begun => begun;

        public MemoryStream Received { get; } = new();

        public JsonObject? Done { get; set; }

        public bool IsCancelled { get; set; }

        public void Forget()
        {
            Received.SetLength(0);
            Received.Capacity = 0;
        }
    }

    /// <param name="First">Null for a question how far it is.</param>
    private sealed record Chunk(long? First, long Last, long? Total);

    /// <summary>The object's name and the session's.</summary>
    public IEnumerable<(string Name, string Id)> Unfinished =>
        _sessions.Where(static pair => pair.Value is { Done: null, IsCancelled: false }).Select(static pair => (GcsUploads.NameOf(pair.Value.Call, pair.Value.Body), pair.Key));

    public GcsReply Begin(GcsCall call, JsonObject body)
    {
        var bucket = state.Admit(call);
        var name = GcsUploads.NameOf(call, body);
        state.ThrowIfRefused(call, bucket, name);
        var id = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));
        var announced = call.Headers["X-Upload-Content-Length"].ToString() is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : (long?)null;
        if (call.Headers["X-Upload-Content-Type"].ToString() is { Length: > 0 } type && !body.ContainsKey("contentType"))
        {
            body["contentType"] = type;
        }

        _sessions.Add(id, new Session(call, body, announced, state.Now));
        return new GcsReply(200)
        {
            Headers = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Location"] = $"http://{call.Headers.Host}/upload/storage/v1/b/{Uri.EscapeDataString(bucket.Name)}/o?uploadType=resumable&upload_id={id}",
                ["X-GUploader-UploadID"] = id,
            },
        };
    }

    public GcsReply Cancel(string id)
    {
        var session = Find(id);
        session.IsCancelled = true;
        session.Forget();
        return new GcsReply(499);
    }

    /// <param name="isWhole">False where the connection broke before the chunk's end: what came is kept, and nobody reads the answer.</param>
    public GcsReply Continue(string id, IHeaderDictionary headers, byte[] bytes, bool isWhole)
    {
        var session = Find(id);
        if (session.Done is not null)
        {
            return GcsReply.Of(session.Done.DeepClone());
        }

        var chunk = Parse(headers.ContentRange.ToString(), bytes.Length);
        var received = session.Received;
        if (chunk.First is { } first)
        {
            if (first > received.Length)
            {
                throw new GcsFault(503, "backendError", $"Invalid request.  There were {bytes.Length} bytes at {first}, but only {received.Length} are there.");
            }

            if (isWhole && bytes.Length != chunk.Last - first + 1)
            {
                throw GcsFault.Invalid($"The chunk has {bytes.Length} bytes and not those of its Content-Range.");
            }

            var isLast = isWhole && chunk.Total == first + bytes.Length;
            if (isWhole && !isLast && bytes.Length % PieceBytes != 0)
            {
                throw GcsFault.Invalid($"The chunk has {bytes.Length} bytes; all but the last must have a multiple of {PieceBytes}.");
            }

            var known = (int)Math.Min(bytes.Length, received.Length - first);
            var kept = isLast ? bytes.Length : Math.Max(known, (int)((first + bytes.Length) / PieceBytes * PieceBytes - first));
            received.Position = received.Length;
            received.Write(bytes, known, kept - known);
        }

        return isWhole && chunk.Total is { } total && received.Length >= total ? Finish(session, total) : Unfinish(received.Length, headers);
    }

    private GcsReply Finish(Session session, long total)
    {
        var bytes = session.Received.ToArray();
        if (bytes.Length != total || (session.Announced is { } announced && announced != total))
        {
            throw GcsFault.Invalid($"The upload has {bytes.Length} bytes and was announced with {session.Announced ?? total}.");
        }

        GcsUploads.ThrowIfChanged(session.Call, session.Body, bytes);
        var bucket = state.Bucket(session.Call["bucket"]);
        var stored = state.Store(session.Call, bucket, GcsUploads.NameOf(session.Call, session.Body), session.Body, bytes);
        session.Done = state.Describe(bucket, stored);
        session.Forget();
        return GcsReply.Of(session.Done.DeepClone());
    }

    /// <summary>308 tells how far it is; old proxies take that for a redirect, so a client may ask for 200 in its place.</summary>
    private static GcsReply Unfinish(long length, IHeaderDictionary headers)
    {
        var answer = new Dictionary<string, string>(StringComparer.Ordinal);
        if (length > 0)
        {
            answer["Range"] = $"bytes=0-{length - 1}";
        }

        var isDisguised = headers["X-GUploader-No-308"].ToString() is "yes";
        if (isDisguised)
        {
            answer["X-Http-Status-Code-Override"] = "308";
        }

        return new GcsReply(isDisguised ? 200 : 308) { Headers = answer };
    }

    private Session Find(string id)
    {
        var session = _sessions.GetValueOrDefault(id) ?? throw new GcsFault(404, "notFound", "There is no such upload.");
        return session.IsCancelled || state.Now - session.Begun > state.Options.SessionLife
            ? throw new GcsFault(410, "uploadSessionGone", "The requested upload session is gone.")
            : session;
    }

    private static Chunk Parse(string range, int length)
    {
        if (range.Length == 0)
        {
            return new Chunk(0, length - 1, length);
        }

        var match = RangePattern().Match(range);
        if (!match.Success)
        {
            throw GcsFault.Invalid($"Failed to parse Content-Range header '{range}'.");
        }

        var total = Number(match.Groups["total"]);
        return Number(match.Groups["first"]) is { } first ? new Chunk(first, Number(match.Groups["last"])!.Value, total) : new Chunk(null, 0, total);
    }

    private static long? Number(Group group) => group.Success ? long.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"^bytes (?:(?<first>\d+)-(?<last>\d+)|\*)/(?:(?<total>\d+)|\*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RangePattern();
}
