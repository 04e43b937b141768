namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>A query as S3 reads it: names with values, with empty ones, or with none.</summary>
public static class S3Query
{
    public static IReadOnlyDictionary<string, string?> Parse(string query)
    {
        var found = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var pair in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            found[Uri.UnescapeDataString(parts[0])] = parts.Length < 2 ? null : Uri.UnescapeDataString(parts[1].Replace('+', ' '));
        }

        return found;
    }
}
