using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Contract;

/// <summary>A Google discovery document, as the server reads it: which requests there are, and what they may hold.</summary>
public sealed class DiscoveryDocument
{
    private DiscoveryDocument(JsonObject root)
    {
        Schemas = new JsonSchemas(root["schemas"]!.AsObject());
        var shared = Parameters(root);
        Methods = [.. MethodsOf(root, shared)];
    }

    public JsonSchemas Schemas { get; }

    public IReadOnlyList<DiscoveryMethod> Methods { get; }

    /// <param name="name">Of a file of Contracts.</param>
    public static DiscoveryDocument Load(string name)
    {
        using var stream = typeof(DiscoveryDocument).Assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"There is no contract '{name}'.", nameof(name));
        return new DiscoveryDocument(JsonNode.Parse(stream)!.AsObject());
    }

    /// <param name="segments">Of the path behind the service's own, still encoded: a name may hold slashes.</param>
    public DiscoveryMethod? Find(string httpMethod, IReadOnlyList<string> segments, out IReadOnlyDictionary<string, string> values)
    {
        foreach (var method in Methods)
        {
            if (string.Equals(method.HttpMethod, httpMethod, StringComparison.Ordinal) && method.Match(segments) is { } found)
            {
                values = found;
                return method;
            }
        }

        values = new Dictionary<string, string>(StringComparer.Ordinal);
        return null;
    }

    private static IEnumerable<DiscoveryMethod> MethodsOf(JsonObject resource, Dictionary<string, JsonObject> shared)
    {
        foreach (var (_, method) in resource["methods"]?.AsObject() ?? [])
        {
            yield return new DiscoveryMethod(method!.AsObject(), new Dictionary<string, JsonObject>([.. shared, .. Parameters(method.AsObject())], StringComparer.Ordinal));
        }

        foreach (var (_, child) in resource["resources"]?.AsObject() ?? [])
        {
            foreach (var method in MethodsOf(child!.AsObject(), shared))
            {
                yield return method;
            }
        }
    }

    private static Dictionary<string, JsonObject> Parameters(JsonObject owner) =>
        (owner["parameters"]?.AsObject() ?? []).ToDictionary(pair => pair.Key, pair => pair.Value!.AsObject(), StringComparer.Ordinal);
}

/// <summary>One kind of request.</summary>
public sealed class DiscoveryMethod
{
    private readonly string[] _template;
    private readonly Dictionary<string, JsonObject> _parameters;

    internal DiscoveryMethod(JsonObject definition, Dictionary<string, JsonObject> parameters)
    {
        Id = (string)definition["id"]!;
        HttpMethod = (string)definition["httpMethod"]!;
        _template = ((string)definition["path"]!).Split('/');
        _parameters = parameters;
        Request = (string?)definition["request"]?["$ref"];
        Response = (string?)definition["response"]?["$ref"];
        Scopes = [.. (definition["scopes"]?.AsArray() ?? []).Select(scope => (string)scope!)];
        TakesMedia = (bool?)definition["supportsMediaUpload"] ?? false;
        GivesMedia = (bool?)definition["supportsMediaDownload"] ?? false;
    }

    /// <summary>Such as <c>storage.objects.get</c>.</summary>
    public string Id { get; }

    public string HttpMethod { get; }

    public string? Request { get; }

    public string? Response { get; }

    /// <summary>Any one of them is enough.</summary>
    public IReadOnlyList<string> Scopes { get; }

    public bool TakesMedia { get; }

    public bool GivesMedia { get; }

    /// <summary>What is wrong with the query, in the words of an error.</summary>
    public IEnumerable<string> FindFaults(IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> query)
    {
        var given = query.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        foreach (var (name, values) in given)
        {
            if (!_parameters.TryGetValue(name, out var definition) || (string?)definition["location"] is not "query")
            {
                yield return $"{Id} has no query parameter '{name}'.";
                continue;
            }

            if (values.Count > 1 && (bool?)definition["repeated"] != true)
            {
                yield return $"{Id} takes the parameter '{name}' once.";
            }

            foreach (var value in values.Where(value => !JsonSchemas.IsText(value, definition)))
            {
                yield return $"{Id} does not take '{value}' as '{name}'.";
            }
        }

        foreach (var (name, definition) in _parameters)
        {
            if ((bool?)definition["required"] == true && (string?)definition["location"] is "query" && !given.ContainsKey(name))
            {
                yield return $"{Id} needs the parameter '{name}'.";
            }
        }
    }

    internal Dictionary<string, string>? Match(IReadOnlyList<string> segments)
    {
        if (segments.Count != _template.Length)
        {
            return null;
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (part, given) in _template.Zip(segments))
        {
            if (part.StartsWith('{'))
            {
                values[part.Trim('{', '}', '+')] = Uri.UnescapeDataString(given);
            }
            else if (!string.Equals(part, given, StringComparison.Ordinal))
            {
                return null;
            }
        }

        return values;
    }
}
