using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>Microsoft's description of the service: which requests there are, and what they may hold.</summary>
internal sealed class BlobContract
{
    /// <summary>What every request may have: who signs, how it travels, and what HTTP itself has.</summary>
    private static readonly string[] CommonHeaders = ["x-ms-date", "x-ms-version", "x-ms-client-request-id", "x-ms-return-client-request-id"];

    /// <summary>Of shared access signatures, and of versions of the service newer than the description.</summary>
    private static readonly string[] CommonQuery = ["sv", "sr", "sp", "se", "st", "sig", "spr", "sip", "ss", "srt", "startFrom"];

    private static readonly Lazy<BlobContract> Shared = new(() => new BlobContract());

    private readonly JsonObject _parameters;
    private readonly List<Operation> _operations = [];

    private BlobContract()
    {
        using var stream = typeof(BlobContract).Assembly.GetManifestResourceStream("blob-2024-08-04.json")!;
        var root = JsonNode.Parse(stream)!;
        _parameters = root["parameters"]!.AsObject();
        foreach (var (path, item) in root["x-ms-paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject().Where(static pair => pair.Key is not "parameters"))
            {
                var parameters = (item["parameters"]?.AsArray() ?? []).Concat(operation!["parameters"]?.AsArray() ?? []).Select(Resolve).ToList();
                _operations.Add(new Operation(method.ToUpperInvariant(), path, parameters));
            }
        }
    }

    public static BlobContract Instance => Shared.Value;

    /// <summary>What is wrong with a request; nothing where it is one of the service's.</summary>
    /// <param name="depth">How many of container and blob the path names.</param>
    public IReadOnlyList<string> Check(HttpRequest request, int depth)
    {
        var what = $"{request.Method} {request.Path}?{string.Join('&', request.Query.Keys)}";
        var candidates = _operations.Where(operation => string.Equals(operation.Method, request.Method, StringComparison.Ordinal) && operation.Depth == depth && operation.Fits(request.Query)).ToList();
        if (candidates.Count == 0)
        {
            return [$"{what}: there is no such operation"];
        }

        // Of those that fit, the one that asks for most in its path; some differ by their required headers alone.
        var most = candidates.Max(static operation => operation.Query.Count);
        return candidates.Where(operation => operation.Query.Count == most).Select(operation => operation.Check(request, what).ToList()).MinBy(static problems => problems.Count)!;
    }

    private JsonObject Resolve(JsonNode? parameter) =>
        parameter!["$ref"]?.GetValue<string>() is { } reference ? _parameters[reference[(reference.LastIndexOf('/') + 1)..]]!.AsObject() : parameter.AsObject();

    private sealed class Operation
    {
        private readonly List<JsonObject> _parameters;

        public Operation(string method, string path, List<JsonObject> parameters)
        {
            var parts = path.Split('?');
            Method = method;
            Depth = parts[0].Split('/', StringSplitOptions.RemoveEmptyEntries).Length;
            Query = parts.Length < 2 ? [] : parts[1].Split('&').Select(static pair => pair.Split('=')).Where(static pair => pair.Length == 2).ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal);
            _parameters = parameters;
        }

        public string Method { get; }

        public int Depth { get; }

        public Dictionary<string, string> Query { get; }

        public bool Fits(IQueryCollection query) => Query.All(pair => query.TryGetValue(pair.Key, out var value) && string.Equals(value, pair.Value, StringComparison.Ordinal));

        public IEnumerable<string> Check(HttpRequest request, string what)
        {
            foreach (var parameter in _parameters)
            {
                var (name, place) = (parameter["name"]!.GetValue<string>(), parameter["in"]!.GetValue<string>());
                string? value = place switch
                {
                    "header" => request.Headers.TryGetValue(name, out var header) ? header.ToString() : null,
                    "query" => request.Query.TryGetValue(name, out var given) ? given.ToString() : null,
                    _ => null,
                };
                // Who has no credential need not say which version of the service is meant.
                var isFree = name is "x-ms-version" && !request.Headers.ContainsKey("Authorization");
                if (place is "header" or "query" && value is null && !isFree && parameter["required"]?.GetValue<bool>() == true)
                {
                    yield return $"{what}: {name} is missing";
                }
                else if (value is not null && name is not "x-ms-version" && !IsValid(value, parameter))
                {
                    yield return $"{what}: {name} may not be '{value}'";
                }
            }

            bool Knows(string place, string name) => _parameters.Exists(parameter => string.Equals(parameter["in"]!.GetValue<string>(), place, StringComparison.Ordinal)
                && (string.Equals(parameter["name"]!.GetValue<string>(), name, StringComparison.OrdinalIgnoreCase)
                    || (parameter["x-ms-header-collection-prefix"] is { } prefix && name.StartsWith(prefix.GetValue<string>(), StringComparison.OrdinalIgnoreCase))));
            foreach (var name in request.Headers.Keys.Where(static name => name.StartsWith("x-ms-", StringComparison.OrdinalIgnoreCase)))
            {
                if (!CommonHeaders.Contains(name, StringComparer.OrdinalIgnoreCase) && !Knows("header", name))
                {
                    yield return $"{what}: the operation has no header {name}";
                }
            }

            foreach (var name in request.Query.Keys)
            {
                if (!CommonQuery.Contains(name, StringComparer.Ordinal) && !Query.ContainsKey(name) && !Knows("query", name))
                {
                    yield return $"{what}: the operation has no {name} in its query";
                }
            }
        }

        private static bool IsValid(string value, JsonObject parameter)
        {
            var known = parameter["enum"]?.AsArray().Select(static choice => choice!.GetValue<string>()).ToList();
            var isOpen = parameter["x-ms-enum"]?["modelAsString"]?.GetValue<bool>() == true;
            return (parameter["type"]?.GetValue<string>(), parameter["format"]?.GetValue<string>()) switch
            {
                ("integer", _) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _),
                ("boolean", _) => value is "true" or "false",
                ("string", "byte") => Convert.TryFromBase64String(value, new byte[value.Length], out _),
                ("string", "date-time-rfc1123") => DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
                ("string", _) when known is not null && !isOpen => known.Contains(value, StringComparer.OrdinalIgnoreCase),
                _ => true,
            };
        }
    }
}
