using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// Files whose content is at hand: made, written, read back, given their attributes and moved to their place by one entry into the folder and one handle of the file. Of a
/// tree of small files that is most of what a restore does.
/// </summary>
public sealed partial class FileSystemDestination
{
    private const int ReadBackBytes = 256 * 1024;

    /// <summary>
    /// The disk begins with a file of this length at once, and the page cache does not keep it. For shorter ones the calls cost as much as they gain.
    /// </summary>
    internal const int MinBeginSyncBytes = 256 * 1024;

    public EntryOutcome PutFile(Preparation preparation, ReadOnlySpan<byte> content, bool readsBack)
    {
        Expect(preparation, PrepareVerdict.Content);
        var entry = preparation.Entry;
        if (content.Length != entry.Metadata.SizeBytes || entry.Metadata.AlternateStreams.Count > 0)
        {
            throw new ArgumentException("Only a file whose whole content is here can be put.", nameof(content));
        }

        try
        {
            using var folder = OpenParent(entry.Path);
            return Put(folder, preparation, content, readsBack);
        }
        catch (FolderException failure)
        {
            return new EntryOutcome(false, [DestinationErrors.ToFault(failure, entry, DisplayName)]);
        }
    }

    /// <summary>A crash anywhere in here leaves the temporary, and what stood in the place.</summary>
    private EntryOutcome Put(DestinationFolder folder, Preparation preparation, ReadOnlySpan<byte> content, bool readsBack)
    {
        var entry = preparation.Entry;
        var isSparse = entry.Metadata.Holes.Count > 0;
        var temporary = NewTemporaryName();
        // Attributes are put before the mode: a file that its owner may not write takes none.
        var mode = preparation.IsInNewFolder && entry.Metadata.ExtendedAttributes.Count == 0 ? entry.Metadata.Mode : null;
        var file = folder.MakeFile(temporary, isSparse ? content.Length : 0, isSparse, mode);
        var isPlaced = false;
        try
        {
            AppliedMetadata applied;
            using (file)
            {
                FileContent.WriteAroundHoles(Host, file, entry.Metadata.Holes, 0, content);
                if (content.Length >= MinBeginSyncBytes)
                {
                    Host.BeginSync(file, 0, content.Length, isEnd: true);
                }

                if (readsBack && !ReadsAs(Host, file, content))
                {
                    return new EntryOutcome(false, [new DestinationFault(FaultCodes.ReadBackMismatch, entry.Path.ToString(), $"'{entry.Path}' does not read as it was written.")]);
                }

                applied = folder.ApplyMetadata(temporary, file, entry);
                if (content.Length >= MinBeginSyncBytes)
                {
                    Host.DropBehind(file, 0, content.Length);
                }
            }

            // Closed before it moves: Windows moves no open file.
            var made = applied.Entry ?? (_options.InPlace ? folder.Look(temporary) : null);
            var name = NameOf(entry.Path);
            var collision = Placement.MoveIn(folder, temporary, name, preparation, made);
            isPlaced = collision is null;
            return isPlaced
                ? new EntryOutcome(true, ListMissing(entry, applied.Missing)) { Stamp = made is null || !_options.InPlace ? null : StampOf(folder, name, made, entry) }
                : new EntryOutcome(false, [collision!]);
        }
        finally
        {
            if (!isPlaced)
            {
                Host.EndDropBehind();
                DestinationErrors.TryRemove(folder, temporary);
            }
        }
    }

    /// <summary>Compared with the bytes themselves: they are still in memory.</summary>
    private static bool ReadsAs(DestinationSystem host, SafeFileHandle file, ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty)
        {
            return true;
        }

        using var piece = OwnedBuffer.Rent(Math.Min(content.Length, ReadBackBytes));
        for (var offset = 0; offset < content.Length; offset += piece.LengthBytes)
        {
            var wanted = content[offset..Math.Min(content.Length, offset + piece.LengthBytes)];
            var found = piece.Span[..wanted.Length];
            FileContent.Read(host, file, offset, found);
            if (!found.SequenceEqual(wanted))
            {
                return false;
            }
        }

        return true;
    }
}
