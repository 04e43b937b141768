using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>What a request to the platform is counted as, by its method and what stands in its query.</summary>
internal static class AzureRequests
{
    /// <summary>Null for what goes to others: those who give tokens.</summary>
    public static RequestKind? Classify(HttpRequestMessage request, AzureSettings settings)
    {
        if (!string.Equals(request.RequestUri!.Authority, settings.Endpoint.Authority, StringComparison.OrdinalIgnoreCase))
        {
            return string.Equals(request.RequestUri.Authority, settings.Cloud.Management.Authority, StringComparison.OrdinalIgnoreCase) ? RequestKind.Other : null;
        }

        var query = request.RequestUri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries);
        var part = query.FirstOrDefault(static pair => pair.StartsWith("comp=", StringComparison.Ordinal))?[5..];
        var isPlace = query.Any(static pair => pair.StartsWith("restype=", StringComparison.Ordinal));
        return (request.Method.Method, part) switch
        {
            ("GET", "list") => RequestKind.List,
            ("PUT", "block") => RequestKind.Put,
            ("PUT", null) when !isPlace => RequestKind.Put,
            ("GET", null) when !isPlace => RequestKind.Get,
            ("HEAD", null) when !isPlace => RequestKind.Stat,
            ("DELETE", null) when !isPlace => RequestKind.Delete,
            _ => RequestKind.Other,
        };
    }
}
