using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SecureBackup.Tests.Servers.Doubles.Aws;

/// <summary>What Amazon's own description of its token service says about requests.</summary>
internal sealed class StsContract
{
    private static readonly Lazy<StsContract> Shared = new(static () => new StsContract());

    private readonly JsonObject _document;

    private StsContract()
    {
        using var stream = typeof(StsContract).Assembly.GetManifestResourceStream("sts-service-2.json")!;
        _document = JsonNode.Parse(stream)!.AsObject();
    }

    public static StsContract Instance => Shared.Value;

    public string Namespace => (string)_document["metadata"]!["xmlNamespace"]!;

    /// <summary>What is wrong with a form by the contract.</summary>
    public IEnumerable<string> Check(IReadOnlyDictionary<string, string> form)
    {
        if (form.GetValueOrDefault("Version") != (string)_document["metadata"]!["apiVersion"]!)
        {
            yield return "no such version";
        }

        if (_document["operations"]![form.GetValueOrDefault("Action", "")] is not JsonObject operation)
        {
            yield return $"no operation '{form.GetValueOrDefault("Action")}'";
            yield break;
        }

        var input = ShapeOf(operation["input"]!);
        var members = input["members"]!.AsObject();
        foreach (var missing in input["required"]!.AsArray().Select(static name => (string)name!).Where(name => !form.ContainsKey(name)))
        {
            yield return $"{missing} is missing";
        }

        foreach (var (name, value) in form.Where(static pair => pair.Key is not ("Action" or "Version")))
        {
            if (members[name] is not JsonObject member)
            {
                yield return $"there is no {name}";
            }
            else if (!IsOf(ShapeOf(member), value))
            {
                yield return $"{name} is no {(string?)member["shape"]}";
            }
        }
    }

    private static bool IsOf(JsonObject shape, string value)
    {
        var (min, max) = ((int?)shape["min"] ?? int.MinValue, (int?)shape["max"] ?? int.MaxValue);
        return (string?)shape["type"] switch
        {
            "integer" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max,
            "string" => value.Length >= min && value.Length <= max
                && ((string?)shape["pattern"] is not { } pattern || pattern.Contains(@"\u10000", StringComparison.Ordinal) || Regex.IsMatch(value, $"^(?:{pattern})$", RegexOptions.None, TimeSpan.FromSeconds(1))),
            _ => false,
        };
    }

    private JsonObject ShapeOf(JsonNode member) => _document["shapes"]![(string)member["shape"]!]!.AsObject();
}
