using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Doubles.Contract;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>A request that the contract has passed, with its body read.</summary>
internal sealed class GcsCall(DiscoveryMethod method, IReadOnlyDictionary<string, string> path, IReadOnlyDictionary<string, IReadOnlyList<string>> query, IHeaderDictionary headers)
{
    public DiscoveryMethod Method => method;

    public IHeaderDictionary Headers => headers;

    public GcsCaller Caller { get; set; } = GcsCaller.Nobody;

    public JsonObject? Body { get; set; }

    public string this[string name] => path[name];

    public string? Query(string name) => query.GetValueOrDefault(name)?[0];

    public IReadOnlyList<string> Queries(string name) => query.GetValueOrDefault(name) ?? [];

    public bool Flag(string name) => Query(name) is "true";

    public long? Number(string name) => Query(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}

/// <param name="Json">Null for bytes or for nothing.</param>
internal sealed record GcsReply(int Status, JsonNode? Json = null)
{
    public ReadOnlyMemory<byte> Bytes { get; init; }

    public string? ContentType { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public static GcsReply Of(JsonNode json) => new(200, json);
}

/// <summary>An error answer by <paramref name="reason"/>, which is what a client decides on.</summary>
internal sealed class GcsFault(int status, string reason, string message) : Exception(message)
{
    public int Status => status;

    public string Reason => reason;

    public JsonObject ToJson() => new()
    {
        ["error"] = new JsonObject
        {
            ["code"] = status,
            ["message"] = Message,
            ["errors"] = new JsonArray(new JsonObject { ["message"] = Message, ["domain"] = "global", ["reason"] = reason }),
        },
    };

    public static GcsFault Invalid(string message) => new(400, "invalid", message);

    public static GcsFault NoBucket() => new(404, "notFound", "The specified bucket does not exist.");

    public static GcsFault NoObject(string bucket, string name) => new(404, "notFound", $"No such object: {bucket}/{name}");

    public static GcsFault Precondition() => new(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");
}
