using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>Listings: those of versions whole, and what is on its way out of the archive in the emulator's own.</summary>
internal static class GuardListing
{
    public static GuardAnswer Versions(HttpRequest request, Uri endpoint, string container, IReadOnlyDictionary<(string Container, string Blob), GuardedBlob> blobs)
    {
        var size = int.TryParse(request.Query["maxresults"], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 5000;
        var start = int.TryParse(request.Query["marker"], NumberStyles.None, CultureInfo.InvariantCulture, out var from) ? from : 0;
        var all = blobs.Where(pair => string.Equals(pair.Key.Container, container, StringComparison.Ordinal) && pair.Key.Blob.StartsWith(request.Query["prefix"].ToString(), StringComparison.Ordinal))
            .SelectMany(static pair => pair.Value.Versions.Select(version => version.Element(pair.Key.Blob, version == pair.Value.Newest)))
            .ToList();
        return Answer(new XElement(
            "EnumerationResults",
            new XAttribute("ServiceEndpoint", endpoint),
            new XAttribute("ContainerName", container),
            new XElement("Blobs", all.Skip(start).Take(size)),
            new XElement("NextMarker", start + size < all.Count ? (start + size).ToString(CultureInfo.InvariantCulture) : "")));
    }

    public static GuardAnswer WithWarming(GuardAnswer answer, string container, IReadOnlyDictionary<(string Container, string Blob), GuardedBlob> blobs)
    {
        if (!blobs.Values.Any(static blob => blob.WarmsTo is not null))
        {
            return answer;
        }

        var listing = XDocument.Parse(Encoding.UTF8.GetString(answer.Body).TrimStart('\uFEFF')).Root!;
        foreach (var found in listing.Descendants("Blob"))
        {
            if (blobs.GetValueOrDefault((container, found.Element("Name")!.Value))?.WarmsTo is { } tier)
            {
                found.Element("Properties")!.SetElementValue("AccessTier", "Archive");
                found.Element("Properties")!.SetElementValue("ArchiveStatus", $"rehydrate-pending-to-{tier.ToLowerInvariant()}");
            }
        }

        return Answer(listing);
    }

    private static GuardAnswer Answer(XElement listing) =>
        GuardAnswer.Of(200, [KeyValuePair.Create("Content-Type", "application/xml")], Encoding.UTF8.GetBytes(new XDocument(listing).ToString()));
}
