using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace SecureBackup.Targets.WebDav;

/// <param name="Path">Decoded, without a slash at its end.</param>
internal sealed record DavEntry(string Path, bool IsFolder, long LengthBytes, DateTimeOffset Modified, string? Tag, long? RoomBytes);

/// <summary>What a server says about resources (RFC 4918, 13). It is a stranger's text: no document type, a limit on its length, and only what the standard names is looked at.</summary>
internal static class Multistatus
{
    private const long MaxCharacters = 64 << 20;

    private static readonly XNamespace Dav = "DAV:";

    /// <param name="needsFacts">Whether length and time were asked for: taken for zero, they would make what is fresh look old, and what is there look empty.</param>
    /// <exception cref="XmlException">It is no such answer, or leaves out what was asked.</exception>
    public static async Task<List<DavEntry>> ReadAsync(Stream body, bool needsFacts, CancellationToken cancellationToken)
    {
        var settings = new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxCharacters, IgnoreWhitespace = true };
        using var reader = XmlReader.Create(body, settings);
        if (await reader.MoveToContentAsync() != XmlNodeType.Element || !IsDav(reader, "multistatus"))
        {
            throw new XmlException("The answer is no multistatus.");
        }

        var entries = new List<DavEntry>();
        await reader.ReadAsync();
        while (!reader.EOF)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (reader.NodeType == XmlNodeType.Element && IsDav(reader, "response"))
            {
                // Reading a node moves behind it.
                if (Parse((XElement)await XNode.ReadFromAsync(reader, cancellationToken), needsFacts) is { } entry)
                {
                    entries.Add(entry);
                }
            }
            else if (reader.NodeType == XmlNodeType.Element)
            {
                await reader.SkipAsync();
            }
            else
            {
                await reader.ReadAsync();
            }
        }

        return entries;
    }

    private static bool IsDav(XmlReader reader, string name) =>
        string.Equals(reader.LocalName, name, StringComparison.Ordinal) && string.Equals(reader.NamespaceURI, Dav.NamespaceName, StringComparison.Ordinal);

    /// <summary>Null for what went away while the server listed it.</summary>
    private static DavEntry? Parse(XElement response, bool needsFacts)
    {
        if (HasStatus(response, 404))
        {
            return null;
        }

        var found = response.Elements(Dav + "propstat").Where(static part => HasStatus(part, 200)).Elements(Dav + "prop").ToList();
        string? Text(string name) => found.Elements(Dav + name).FirstOrDefault()?.Value;
        var href = response.Element(Dav + "href")?.Value.Trim() ?? throw new XmlException("A part of the answer names no resource.");
        var type = found.Elements(Dav + "resourcetype").FirstOrDefault() ?? throw new XmlException("A part of the answer does not say what the resource is.");
        var isFolder = type.Elements(Dav + "collection").Any();
        var length = Number(Text("getcontentlength"));
        DateTimeOffset? time = DateTimeOffset.TryParse(Text("getlastmodified"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var said) ? said : null;
        return needsFacts && !isFolder && (length is null || time is null)
            ? throw new XmlException("A part of the answer does not say how long the resource is and when it was written.")
            : new DavEntry(PathOf(href), isFolder, length ?? 0, time ?? default, DavTags.Normalize(Text("getetag")), Number(Text("quota-available-bytes")));
    }

    /// <param name="of">What has a status of its own: a resource, or some of its properties.</param>
    private static bool HasStatus(XElement of, int code) => of.Element(Dav + "status")?.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var said, ..]
        && int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status == code;

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string PathOf(string href)
    {
        var path = Uri.TryCreate(href, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https") ? address.AbsolutePath : href;
        return Uri.UnescapeDataString(path).TrimEnd('/');
    }
}

/// <summary>Marks of content. A server that calls one weak for a second after the write means the same content.</summary>
internal static class DavTags
{
    public static string? Normalize(string? tag) => tag?.Trim() is { Length: > 0 } given ? (given.StartsWith("W/", StringComparison.Ordinal) ? given[2..] : given).Trim('"') : null;
}
