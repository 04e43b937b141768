using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>Microsoft's description of the resource manager's side of storage accounts: which requests there are, and what they may hold.</summary>
internal sealed class ArmContract
{
    private const string Version = "2023-05-01";

    private static readonly Lazy<ArmContract> Shared = new(static () => new ArmContract());

    private readonly Dictionary<string, JsonObject> _files = new(StringComparer.Ordinal)
    {
        ["blob.json"] = Load($"arm-blob-{Version}.json"),
        ["storage.json"] = Load($"arm-storage-{Version}.json"),
        ["common.json"] = Load($"arm-common-{Version}.json"),
    };

    private readonly List<(string Method, string[] Template, JsonArray Parameters, string File)> _operations = [];

    private ArmContract()
    {
        foreach (var (file, root) in _files)
        {
            foreach (var (path, item) in root["paths"]?.AsObject() ?? [])
            {
                _operations.AddRange(item!.AsObject().Select(pair => (pair.Key.ToUpperInvariant(), path.Trim('/').Split('/'), pair.Value!["parameters"]!.AsArray(), file)));
            }
        }
    }

    public static ArmContract Instance => Shared.Value;

    /// <summary>What is wrong with a request; nothing where it is one of the service's.</summary>
    public IReadOnlyList<string> Check(HttpRequest request, JsonNode? body)
    {
        var path = request.Path.Value!.Trim('/').Split('/');
        var what = $"{request.Method} /{string.Join('/', path.Skip(7))}";
        var found = _operations.Where(operation => string.Equals(operation.Method, request.Method, StringComparison.Ordinal) && IsOf(operation.Template, path))
            .OrderBy(static operation => operation.Template.Count(static part => part.StartsWith('{'))).FirstOrDefault();
        if (found.Template is null)
        {
            return [$"{what}: there is no such operation"];
        }

        var faults = new List<string>();
        if (request.Query["api-version"].ToString() is not Version)
        {
            faults.Add($"{what}: api-version is not {Version}");
        }

        JsonObject? bodySchema = null;
        foreach (var parameter in found.Parameters.Select(parameter => Resolve(parameter!.AsObject(), found.File).Node).OfType<JsonObject>())
        {
            var name = (string)parameter["name"]!;
            if ((string?)parameter["in"] is "body")
            {
                bodySchema = parameter["schema"]!.AsObject();
            }
            else if ((string?)parameter["in"] is "path" && Value(found.Template, path, name) is { } value && !IsText(value, parameter))
            {
                faults.Add($"{what}: {name} may not be '{value}'");
            }
            else if ((string?)parameter["in"] is "header" && (bool?)parameter["required"] == true && !request.Headers.ContainsKey(name))
            {
                faults.Add($"{what}: {name} is missing");
            }
        }

        faults.AddRange(bodySchema is null
            ? body is null ? [] : [$"{what}: the operation has no body"]
            : body is null ? [$"{what}: the body is missing"] : CheckValue(body, bodySchema, found.File, what));
        return faults;
    }

    private static JsonObject Load(string name)
    {
        using var stream = typeof(ArmContract).Assembly.GetManifestResourceStream(name)!;
        return JsonNode.Parse(stream)!.AsObject();
    }

    private static bool IsOf(string[] template, string[] path) => template.Length == path.Length
        && template.Zip(path).All(static pair => pair.First.StartsWith('{') || string.Equals(pair.First, pair.Second, StringComparison.OrdinalIgnoreCase));

    private static string? Value(string[] template, string[] path, string name) =>
        Array.IndexOf(template, $"{{{name}}}") is >= 0 and var index ? path[index] : null;

    private static bool IsText(string text, JsonObject definition) =>
        (definition["enum"] is not JsonArray values || (bool?)definition["x-ms-enum"]?["modelAsString"] == true || values.Any(value => string.Equals((string?)value, text, StringComparison.Ordinal)))
        && ((string?)definition["pattern"] is not { } pattern || Regex.IsMatch(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)))
        && text.Length >= ((int?)definition["minLength"] ?? 0) && text.Length <= ((int?)definition["maxLength"] ?? int.MaxValue);

    /// <summary>Nothing for what all resource managers share: that is described elsewhere.</summary>
    private (JsonObject? Node, string File) Resolve(JsonObject node, string file)
    {
        if ((string?)node["$ref"] is not { } reference)
        {
            return (node, file);
        }

        var (place, pointer) = (reference.Split('#')[0], reference.Split('#')[1]);
        var name = place.Length == 0 ? file : place[(place.LastIndexOf('/') + 1)..];
        if (place.Contains("common-types", StringComparison.Ordinal) || !_files.TryGetValue(name, out var root))
        {
            return (null, file);
        }

        var found = pointer.Trim('/').Split('/').Aggregate((JsonNode)root, static (at, key) => at[key]!).AsObject();
        return Resolve(found, name);
    }

    private IEnumerable<string> CheckValue(JsonNode? value, JsonObject schema, string file, string path)
    {
        (var definition, file) = Resolve(schema, file);
        if (definition is null)
        {
            return [];
        }

        return (value, (string?)definition["type"] ?? (definition["properties"] is null ? null : "object")) switch
        {
            (null, _) or (_, null) => [],
            (JsonObject given, "object") => CheckObject(given, definition, file, path),
            (JsonArray given, "array") => given.SelectMany((item, index) => CheckValue(item, definition["items"]!.AsObject(), file, $"{path}[{index}]")),
            (JsonValue given, "string") when given.GetValueKind() == JsonValueKind.String => IsText(given.GetValue<string>(), definition) ? [] : [$"{path} may not be '{given}'"],
            (JsonValue given, "boolean") when given.GetValueKind() is JsonValueKind.True or JsonValueKind.False => [],
            (JsonValue given, "integer" or "number") when given.GetValueKind() == JsonValueKind.Number => IsNumber(given, definition) ? [] : [$"{path} may not be {given.ToJsonString()}"],
            (_, var type) => [$"{path} is no {type}"],
        };
    }

    private IEnumerable<string> CheckObject(JsonObject given, JsonObject definition, string file, string path)
    {
        var properties = definition["properties"]?.AsObject() ?? [];
        foreach (var name in (definition["required"]?.AsArray() ?? []).Select(static name => (string)name!).Where(name => !given.ContainsKey(name)))
        {
            yield return $"{path}.{name} is missing";
        }

        foreach (var (name, value) in given)
        {
            if (properties[name] is not JsonObject field)
            {
                if (definition["additionalProperties"] is null)
                {
                    yield return $"{path} has no field '{name}'";
                }
            }
            else if ((bool?)field["readOnly"] == true)
            {
                yield return $"{path}.{name} is read only";
            }
            else
            {
                foreach (var fault in CheckValue(value, field, file, $"{path}.{name}"))
                {
                    yield return fault;
                }
            }
        }
    }

    private static bool IsNumber(JsonValue given, JsonObject definition)
    {
        var number = double.Parse(given.ToJsonString(), CultureInfo.InvariantCulture);
        return number >= ((double?)definition["minimum"] ?? double.MinValue) && number <= ((double?)definition["maximum"] ?? double.MaxValue)
            && ((string?)definition["type"] is "number" && definition["multipleOf"] is null || double.IsInteger(number));
    }
}
