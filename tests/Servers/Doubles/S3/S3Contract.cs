using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>One operation of the contract, as its requests are told from others.</summary>
public sealed record S3Operation(string Name, string Method, bool HasBucket, bool HasKey, IReadOnlyDictionary<string, string?> Literals, JsonObject? Input)
{
    internal JsonObject Members => Input?["members"]?.AsObject() ?? [];

    internal IEnumerable<string> Required => Input?["required"]?.AsArray().Select(static name => name!.GetValue<string>()) ?? [];
}

/// <summary>What Amazon's own description of S3 says about requests: which there are, what they must and may have, and of which type it is.</summary>
public sealed class S3Contract
{
    /// <summary>Of the signature, and what Amazon's own clients add.</summary>
    private static readonly string[] FreeHeaders =
    [
        "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-decoded-content-length", "x-amz-user-agent", "x-amz-trailer", "amz-sdk-invocation-id", "amz-sdk-request",
        "x-amz-te", "x-amz-api-version",
    ];

    private static readonly Lazy<S3Contract> Shared = new(static () => new S3Contract());

    private readonly JsonObject _shapes;
    private readonly List<S3Operation> _operations = [];

    private S3Contract()
    {
        using var stream = typeof(S3Contract).Assembly.GetManifestResourceStream("s3-service-2.json")!;
        var document = JsonNode.Parse(stream)!.AsObject();
        _shapes = document["shapes"]!.AsObject();
        foreach (var (name, operation) in document["operations"]!.AsObject().Where(static operation => operation.Value!["deprecated"] is null))
        {
            var uri = operation!["http"]!["requestUri"]!.GetValue<string>().Split('?', 2);
            var input = operation["input"]?["shape"]?.GetValue<string>();
            _operations.Add(new S3Operation(
                name, operation["http"]!["method"]!.GetValue<string>(), uri[0].Contains("{Bucket}", StringComparison.Ordinal), uri[0].Contains("{Key+}", StringComparison.Ordinal),
                uri.Length < 2 ? new Dictionary<string, string?>(StringComparer.Ordinal) : S3Query.Parse(uri[1]), input is null ? null : _shapes[input]!.AsObject()));
        }
    }

    public static S3Contract Instance => Shared.Value;

    /// <summary>The most special operation that the request can be; null where the contract has none.</summary>
    public S3Operation? Find(string method, bool hasBucket, bool hasKey, IReadOnlyDictionary<string, string?> query, Func<string, bool> hasHeader) => _operations
        .Where(operation => operation.Method == method && operation.HasBucket == hasBucket && operation.HasKey == hasKey
            && operation.Literals.All(literal => query.TryGetValue(literal.Key, out var value) && (literal.Value is not { Length: > 0 } || literal.Value == value))
            && operation.Required.All(name => Places(operation, name, query, hasHeader)))
        .MaxBy(operation => (operation.Literals.Count * 10) + operation.Required.Count());

    /// <summary>What is wrong with a request by the contract.</summary>
    public IEnumerable<string> Check(S3Operation operation, IReadOnlyDictionary<string, string?> query, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
    {
        var members = operation.Members.Select(member => (Name: member.Key, Shape: member.Value!.AsObject())).ToList();
        foreach (var (key, value) in query)
        {
            if (operation.Literals.ContainsKey(key) || key is "x-id" || key.StartsWith("X-Amz-", StringComparison.Ordinal))
            {
                continue;
            }

            var member = members.Find(member => Location(member.Shape) is "querystring" && LocationName(member.Shape) == key);
            foreach (var problem in member.Shape is null ? [$"no query parameter {key}"] : CheckScalar(key, member.Shape, value ?? ""))
            {
                yield return problem;
            }
        }

        foreach (var (name, value) in headers.Where(header => header.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase) && !IsFree(header.Key)))
        {
            var member = members.Find(member => Location(member.Shape) is "header" && LocationName(member.Shape).Equals(name, StringComparison.OrdinalIgnoreCase));
            foreach (var problem in member.Shape is null ? [$"no header {name}"] : CheckScalar(name, member.Shape, value))
            {
                yield return problem;
            }
        }

        if (operation.Input?["payload"]?.GetValue<string>() is { } payload && body.Length > 0 && operation.Members[payload] is JsonObject content && ShapeOf(content)["type"]!.GetValue<string>() is "structure")
        {
            foreach (var problem in CheckXml(body, content))
            {
                yield return problem;
            }
        }
    }

    private static bool IsFree(string header) => FreeHeaders.Contains(header, StringComparer.OrdinalIgnoreCase)
        || header.StartsWith("x-amz-meta-", StringComparison.OrdinalIgnoreCase) || header.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase);

    private static string? Location(JsonObject member) => member["location"]?.GetValue<string>();

    private static string LocationName(JsonObject member) => member["locationName"]?.GetValue<string>() ?? "";

    private static bool Places(S3Operation operation, string name, IReadOnlyDictionary<string, string?> query, Func<string, bool> hasHeader) =>
        operation.Members[name] is not JsonObject member || Location(member) switch
        {
            "querystring" => query.ContainsKey(LocationName(member)),
            "header" => hasHeader(LocationName(member)),
            _ => true,
        };

    private JsonObject ShapeOf(JsonNode member) => _shapes[member["shape"]!.GetValue<string>()]!.AsObject();

    private IEnumerable<string> CheckScalar(string name, JsonObject member, string value)
    {
        var shape = ShapeOf(member);
        var isRight = shape["type"]!.GetValue<string>() switch
        {
            "integer" or "long" => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            "boolean" => value is "true" or "false",
            "timestamp" => DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
            "string" when shape["enum"] is JsonArray known => known.Any(choice => choice!.GetValue<string>() == value),
            _ => true,
        };
        return isRight ? [] : [$"{name} is no {member["shape"]}: '{value}'"];
    }

    private List<string> CheckXml(ReadOnlyMemory<byte> body, JsonObject content)
    {
        XElement? root = null;
        try
        {
            using var stream = new MemoryStream(body.ToArray());
            root = XDocument.Load(stream).Root;
        }
        catch (System.Xml.XmlException)
        {
            // Said below.
        }

        if (root is null)
        {
            return ["the body is no XML"];
        }

        var name = content["locationName"]?.GetValue<string>() ?? content["shape"]!.GetValue<string>();
        return root.Name.LocalName == name ? CheckElement(root, ShapeOf(content)) : [$"the body is a {root.Name.LocalName}, not a {name}"];
    }

    private List<string> CheckElement(XElement element, JsonObject shape)
    {
        var problems = new List<string>();
        var members = shape["members"]!.AsObject();
        foreach (var child in element.Elements())
        {
            var member = members.Select(static pair => (pair.Key, Shape: pair.Value!.AsObject())).FirstOrDefault(member => NameOf(member.Key, member.Shape) == child.Name.LocalName).Shape;
            if (member is null)
            {
                problems.Add($"{element.Name.LocalName} has no {child.Name.LocalName}");
                continue;
            }

            var inner = ShapeOf(member);
            var isList = inner["type"]!.GetValue<string>() is "list";
            var type = isList ? ShapeOf(inner["member"]!) : inner;
            if (type["type"]!.GetValue<string>() is "structure")
            {
                problems.AddRange(isList && inner["flattened"] is null ? child.Elements().SelectMany(item => CheckElement(item, type)) : CheckElement(child, type));
            }
            else if (!isList)
            {
                problems.AddRange(CheckScalar(child.Name.LocalName, member, child.Value));
            }
        }

        problems.AddRange(shape["required"]?.AsArray().Select(static name => name!.GetValue<string>())
            .Where(name => element.Elements().All(child => child.Name.LocalName != NameOf(name, members[name]!.AsObject()))).Select(name => $"{element.Name.LocalName} lacks {name}") ?? []);
        return problems;
    }

    private string NameOf(string name, JsonObject member) => member["locationName"]?.GetValue<string>()
        ?? (ShapeOf(member) is { } shape && shape["flattened"] is not null ? shape["member"]?["locationName"]?.GetValue<string>() : null) ?? name;
}
