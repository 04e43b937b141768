using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary><c>objects.list</c>: by name, old generations before new ones, what has the same delimited start as one prefix.</summary>
internal sealed class GcsListing(GcsState state)
{
    private const long OfPrefix = long.MaxValue;

    private sealed record Entry(string Name, long Generation, GcsObject? Object);

    public GcsReply List(GcsCall call)
    {
        var bucket = state.Admit(call);
        if (call.Flag("softDeleted"))
        {
            throw GcsFault.Invalid("Soft-deleted objects are not listed here.");
        }

        var (afterName, afterGeneration) = ReadToken(call.Query("pageToken"));
        var left = Entries(call, bucket).Where(entry => afterName is null || Compare(entry, afterName, afterGeneration) > 0).DistinctBy(entry => (entry.Name, entry.Generation));
        var most = (int)Math.Min(call.Number("maxResults") is > 0 and var wanted ? wanted : 1000, Math.Min(1000, state.Options.MaxListed));
        var page = left.Take(most + 1).ToList();
        var answer = new JsonObject { ["kind"] = "storage#objects" };
        if (page.Count > most)
        {
            page.RemoveAt(most);
            answer["nextPageToken"] = WriteToken(page[^1]);
        }

        Add(answer, "prefixes", page.Where(entry => entry.Object is null).Select(entry => (JsonNode)entry.Name));
        Add(answer, "items", page.Where(entry => entry.Object is not null).Select(entry => (JsonNode)state.Describe(bucket, entry.Object!)));
        return GcsReply.Of(answer);
    }

    private static IEnumerable<Entry> Entries(GcsCall call, GcsBucket bucket)
    {
        var prefix = call.Query("prefix") ?? "";
        var delimiter = call.Query("delimiter");
        foreach (var (name, generations) in bucket.Objects)
        {
            var isWanted = name.StartsWith(prefix, StringComparison.Ordinal)
                && (call.Query("startOffset") is not { } start || string.CompareOrdinal(name, start) >= 0)
                && (call.Query("endOffset") is not { } end || string.CompareOrdinal(name, end) < 0);
            if (!isWanted)
            {
                continue;
            }

            var cut = string.IsNullOrEmpty(delimiter) ? -1 : name.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            foreach (var stored in generations.Where(stored => call.Flag("versions") || stored.Deleted is null))
            {
                yield return cut < 0 ? new Entry(name, stored.Generation, stored) : new Entry(name[..(cut + delimiter!.Length)], OfPrefix, null);
            }
        }
    }

    private static int Compare(Entry entry, string name, long generation) =>
        string.CompareOrdinal(entry.Name, name) is var byName and not 0 ? byName : entry.Generation.CompareTo(generation);

    private static string WriteToken(Entry last) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{last.Generation} {last.Name}")));

    private static (string? Name, long Generation) ReadToken(string? token)
    {
        if (token is null)
        {
            return (null, 0);
        }

        try
        {
            var text = Encoding.UTF8.GetString(Convert.FromBase64String(token)).Split(' ', 2);
            return (text[1], long.Parse(text[0], CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is FormatException or IndexOutOfRangeException)
        {
            throw GcsFault.Invalid("Invalid page token.");
        }
    }

    private static void Add(JsonObject answer, string key, IEnumerable<JsonNode> nodes)
    {
        if (nodes.ToArray() is { Length: > 0 } found)
        {
            answer[key] = new JsonArray(found);
        }
    }
}
