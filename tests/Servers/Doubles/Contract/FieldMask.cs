using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Contract;

/// <summary>Which fields of an answer are wanted: <c>a,b/c,d(e,f)</c>. No fields below one are all of them.</summary>
internal sealed class FieldMask
{
    private readonly Dictionary<string, FieldMask> _fields = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, FieldMask> Fields => _fields;

    public static FieldMask Parse(string selector)
    {
        var mask = new FieldMask();
        var at = 0;
        Parse(selector, ref at, mask);
        return at == selector.Length ? mask : throw new FormatException($"Invalid field selection {selector}");
    }

    public JsonNode? Apply(JsonNode? value) => value switch
    {
        _ when _fields.Count == 0 || value is null => value?.DeepClone(),
        JsonArray items => new JsonArray([.. items.Select(Apply)]),
        JsonObject fields => new JsonObject(fields
            .Where(pair => _fields.ContainsKey(pair.Key) || _fields.ContainsKey("*"))
            .Select(pair => KeyValuePair.Create(pair.Key, (_fields.GetValueOrDefault(pair.Key) ?? _fields["*"]).Apply(pair.Value)))),
        _ => value.DeepClone(),
    };

    private static void Parse(string selector, ref int at, FieldMask mask)
    {
        do
        {
            var target = mask;
            do
            {
                var end = selector.AsSpan(at).IndexOfAny(",/()");
                var name = end < 0 ? selector[at..] : selector.Substring(at, end);
                if (name.Length == 0)
                {
                    throw new FormatException($"Invalid field selection {selector}");
                }

                at += name.Length;
                target = target._fields.TryGetValue(name, out var known) ? known : target._fields[name] = new FieldMask();
            }
            while (Skip(selector, ref at, '/'));
            if (Skip(selector, ref at, '('))
            {
                Parse(selector, ref at, target);
                if (!Skip(selector, ref at, ')'))
                {
                    throw new FormatException($"Invalid field selection {selector}");
                }
            }
        }
        while (Skip(selector, ref at, ','));
    }

    private static bool Skip(string selector, ref int at, char expected)
    {
        if (at < selector.Length && selector[at] == expected)
        {
            at++;
            return true;
        }

        return false;
    }
}
