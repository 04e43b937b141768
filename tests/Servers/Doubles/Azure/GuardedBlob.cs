using System.Globalization;
using System.Xml.Linq;

namespace SecureBackup.Tests.Servers.Doubles.Azure;

/// <summary>What the guard knows of one name: its versions, the newest last, and whether that is on its way out of the archive.</summary>
internal sealed class GuardedBlob
{
    public List<GuardedVersion> Versions { get; } = [];

    public GuardedVersion? Newest { get; set; }

    /// <summary>The tier that it is being moved to.</summary>
    public string? WarmsTo { get; set; }
}

/// <param name="Id">A time, as the platform makes them.</param>
internal sealed record GuardedVersion(string Id, string Tag, DateTimeOffset Modified, long Length, string Tier)
{
    /// <summary>Kept from the moment on when it is no longer the newest.</summary>
    public byte[]? Body { get; set; }

    public DateTimeOffset? LockedUntil { get; set; }

    public bool IsLockFinal { get; set; }

    public bool IsHeld { get; set; }

    public bool IsLocked => IsHeld || LockedUntil > DateTimeOffset.UtcNow;

    public IEnumerable<KeyValuePair<string, string>> Headers(bool isNewest)
    {
        yield return KeyValuePair.Create("x-ms-version-id", Id);
        yield return KeyValuePair.Create("x-ms-is-current-version", isNewest ? "true" : "false");
        if (LockedUntil is { } until)
        {
            yield return KeyValuePair.Create("x-ms-immutability-policy-until-date", until.ToString("r", CultureInfo.InvariantCulture));
            yield return KeyValuePair.Create("x-ms-immutability-policy-mode", IsLockFinal ? "locked" : "unlocked");
        }

        yield return KeyValuePair.Create("x-ms-legal-hold", IsHeld ? "true" : "false");
    }

    public XElement Element(string name, bool isNewest) => new(
        "Blob",
        new XElement("Name", name),
        new XElement("VersionId", Id),
        isNewest ? new XElement("IsCurrentVersion", "true") : null,
        new XElement(
            "Properties",
            new XElement("Last-Modified", Modified.ToString("r", CultureInfo.InvariantCulture)),
            new XElement("Etag", Tag.Trim('"')),
            new XElement("Content-Length", Length),
            new XElement("BlobType", "BlockBlob"),
            new XElement("AccessTier", Tier),
            LockedUntil is { } until ? new XElement("ImmutabilityPolicyUntilDate", until.ToString("r", CultureInfo.InvariantCulture)) : null,
            LockedUntil is null ? null : new XElement("ImmutabilityPolicyMode", IsLockFinal ? "locked" : "unlocked"),
            IsHeld ? new XElement("LegalHold", "true") : null));
}
