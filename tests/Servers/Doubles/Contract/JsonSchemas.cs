using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SecureBackup.Tests.Servers.Doubles.Contract;

/// <summary>The types of a discovery document. Stricter than Google's servers, which pass over fields that they do not know.</summary>
public sealed class JsonSchemas(JsonObject schemas)
{
    /// <summary>What is wrong with a value, in the words of an error.</summary>
    public IEnumerable<string> FindFaults(JsonNode? value, string schema) => Check(value, Named(schema), schema);

    /// <summary>A selector such as <c>nextPageToken,items(name,size)</c>, applied to an answer of that schema.</summary>
    /// <exception cref="FormatException">The selector is none, or names a field that there is not.</exception>
    public JsonNode? Select(JsonNode? answer, string schema, string selector)
    {
        var mask = FieldMask.Parse(selector);
        if (FindUnknown(mask, Named(schema)) is { } unknown)
        {
            throw new FormatException($"Invalid field selection {unknown}");
        }

        return mask.Apply(answer);
    }

    internal static bool IsText(string text, JsonObject definition)
    {
        var format = (string?)definition["format"];
        var isOfType = (string?)definition["type"] switch
        {
            "boolean" => text is "true" or "false",
            "integer" => IsNumber(text, format ?? "int32"),
            _ => format is null || IsNumber(text, format),
        };
        return isOfType
            && (definition["enum"] is not JsonArray values || values.Any(value => string.Equals((string?)value, text, StringComparison.Ordinal)))
            && ((string?)definition["pattern"] is not { } pattern || Regex.IsMatch(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)));
    }

    private static bool IsNumber(string text, string format) => format switch
    {
        "int32" => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "uint32" => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        "int64" => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "uint64" => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        "date-time" => text.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        _ => true,
    };

    private IEnumerable<string> Check(JsonNode? value, JsonObject definition, string path)
    {
        if ((string?)definition["$ref"] is { } name)
        {
            definition = Named(name);
        }

        // Null takes a field away in a patch.
        return (value, (string?)definition["type"]) switch
        {
            (null, _) or (_, "any") => [],
            (JsonObject given, "object") => given.SelectMany(pair => Field(definition, pair.Key) is { } field
                ? Check(pair.Value, field, $"{path}.{pair.Key}")
                : [$"{path} has no field '{pair.Key}'."]),
            (JsonArray given, "array") => given.SelectMany((item, index) => Check(item, definition["items"]!.AsObject(), $"{path}[{index}]")),
            (JsonValue given, "string" or "boolean" or "integer" or "number") => CheckValue(given, definition, path),
            _ => [$"{path} is no {definition["type"]}."],
        };
    }

    private static IEnumerable<string> CheckValue(JsonValue given, JsonObject definition, string path)
    {
        var isOfKind = (given.GetValueKind(), (string?)definition["type"]) is (JsonValueKind.String, "string")
            or (JsonValueKind.True or JsonValueKind.False, "boolean") or (JsonValueKind.Number, "integer" or "number");
        var text = given.GetValueKind() == JsonValueKind.String ? given.GetValue<string>() : given.ToJsonString();
        return isOfKind && IsText(text, definition) ? [] : [$"{path} is no {definition["type"]} ({definition["format"]})."];
    }

    private JsonObject Named(string schema) => schemas[schema]!.AsObject();

    private JsonObject? Field(JsonObject definition, string name) =>
        definition["properties"]?[name]?.AsObject() ?? definition["additionalProperties"]?.AsObject();

    private string? FindUnknown(FieldMask mask, JsonObject definition)
    {
        definition = (string?)definition["$ref"] is { } name ? Named(name) : definition;
        definition = definition["items"] is JsonObject items ? items : definition;
        definition = (string?)definition["$ref"] is { } inner ? Named(inner) : definition;
        foreach (var (field, below) in mask.Fields)
        {
            if (field is "*")
            {
                continue;
            }

            if (Field(definition, field) is not { } found)
            {
                return field;
            }

            if (FindUnknown(below, found) is { } unknown)
            {
                return $"{field}/{unknown}";
            }
        }

        return null;
    }
}
