using System.Text.Json;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

internal static class GcsJson
{
    /// <summary>A body; "null" is one without fields.</summary>
    public static JsonObject Parse(byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes) switch
            {
                null => [],
                JsonObject fields => fields,
                _ => throw new JsonException("no object"),
            };
        }
        catch (JsonException exception)
        {
            throw new GcsFault(400, "parseError", $"Parse Error: {exception.Message}");
        }
    }

    /// <summary>As a patch does: objects field by field, null takes away, all else replaces.</summary>
    public static void Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null)
            {
                into.Remove(key);
            }
            else if (value is JsonObject fields)
            {
                var inner = into[key] as JsonObject;
                if (inner is null)
                {
                    into[key] = inner = [];
                }

                Merge(inner, fields);
            }
            else
            {
                into[key] = value.DeepClone();
            }
        }
    }
}
