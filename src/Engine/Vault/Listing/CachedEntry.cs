using System.IO.Hashing;
using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// An entry of the last run: what tells whether it changed lies beside its listed form, so that an unchanged one is neither decoded nor encoded again.
/// </summary>
internal sealed class CachedEntry
{
    private const int MaxNameChars = 256;

    private ListedEntry? _entry;

    internal required EntryKind Kind { get; init; }

    internal required long SizeBytes { get; init; }

    internal required Timestamp ModifiedAt { get; init; }

    /// <summary>What told it from others then.</summary>
    internal required EntryIdentity Identity { get; init; }

    /// <summary>Whether its content is what could be read while it changed.</summary>
    internal required bool HasContentFault { get; init; }

    /// <summary>
    /// Of the attributes that another run may see differently although nothing changed: mode and owner, by number and by name. 0 for an entry that holds more
    /// than content and inline attributes, and is never taken over as it stands.
    /// </summary>
    internal required ulong Mark { get; init; }

    /// <summary>How many ids stand in the id file for it; known once it was read from there.</summary>
    internal long DeepIds { get; init; }

    /// <summary>Its path and what stands in its listing, as <see cref="CachedEntryCodec"/> joins them: goes from one cache into the next without a look.</summary>
    internal required ReadOnlyMemory<byte> Rest { get; init; }

    internal required int PathBytes { get; init; }

    /// <summary>XXH3 of <see cref="Rest"/>, taken when it was made.</summary>
    internal required ulong Checksum { get; init; }

    /// <summary>As it stands in its listing.</summary>
    internal ReadOnlyMemory<byte> Encoded => Rest[PathBytes..];

    /// <summary>As listed then.</summary>
    internal ListedEntry Entry => _entry ??= EntryCodec.Decode(Encoded);

    /// <exception cref="Faults.IntegrityException">ListingMalformed.</exception>
    internal int ComparePathTo(EntryPath path) => CachedEntryCodec.ComparePath(Rest.Span[..PathBytes], path);

    /// <param name="isWhole">Whether all its attributes could be read: otherwise the next run tries again, and says so again.</param>
    internal static CachedEntry Of(ListedEntry entry, ReadOnlySpan<byte> encoded, EntryIdentity identity, bool isWhole = true)
    {
        var pathBytes = PageCodec.PathLength(entry.Path);
        var rest = new byte[pathBytes + encoded.Length];
        PageCodec.CopyPath(entry.Path, rest);
        encoded.CopyTo(rest.AsSpan(pathBytes));
        return new CachedEntry
        {
            Kind = entry.Metadata.Kind,
            SizeBytes = entry.Metadata.SizeBytes,
            ModifiedAt = entry.Metadata.ModifiedAt,
            Identity = identity,
            HasContentFault = entry.ContentFault is not null,
            Mark = isWhole && entry.LargeAttributes.Count + entry.Streams.Count + entry.Metadata.AlternateStreams.Count == 0 && entry.ContentFault is null ? MarkOf(entry.Metadata) : 0,
            Rest = rest,
            PathBytes = pathBytes,
            Checksum = CachedEntryCodec.ChecksumOf(rest, pathBytes),
            _entry = entry,
        };
    }

    /// <summary>0 where a name is longer than any account's.</summary>
    internal static ulong MarkOf(EntryMetadata metadata)
    {
        var user = metadata.UserName ?? string.Empty;
        var group = metadata.GroupName ?? string.Empty;
        if (user.Length > MaxNameChars || group.Length > MaxNameChars)
        {
            return 0;
        }

        Span<byte> fields = stackalloc byte[20 + (6 * MaxNameChars)];
        BitConverter.TryWriteBytes(fields, metadata.Mode ?? uint.MaxValue);
        BitConverter.TryWriteBytes(fields[4..], metadata.UserId ?? uint.MaxValue);
        BitConverter.TryWriteBytes(fields[8..], metadata.GroupId ?? uint.MaxValue);
        BitConverter.TryWriteBytes(fields[12..], user.Length);
        BitConverter.TryWriteBytes(fields[16..], group.Length);
        var at = 20 + Encoding.UTF8.GetBytes(user, fields[20..]);
        at += Encoding.UTF8.GetBytes(group, fields[at..]);
        return XxHash3.HashToUInt64(fields[..at]) | 1;
    }
}
