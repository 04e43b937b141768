using System.Runtime.Versioning;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Portable;

/// <summary>Owner, which clears the set-id bits, then mode, then times: the earlier undo none of the later. Extended attributes are not restored.</summary>
[SupportedOSPlatform("macos")]
internal sealed class MacMetadataWriter(DestinationOptions options, OwnerRestore owner)
{
    private const uint SetIdBits = 0xC00; // 06000

    public void Apply(string place, EntryMetadata wanted, List<string> missing)
    {
        var ownsIt = ApplyOwner(place, wanted, missing);
        if (wanted.Mode is { } mode && wanted.Kind != EntryKind.SymbolicLink)
        {
            if ((mode & SetIdBits) != 0 && !(ownsIt && options.RestoreOwner != false && Environment.IsPrivilegedProcess))
            {
                missing.Add("set-id bits");
                mode &= ~SetIdBits;
            }

            PortableEntry.Attempt("mode", missing, () => File.SetUnixFileMode(place, (UnixFileMode)(mode & UnixMode.PermissionMask)));
        }

        if (wanted.SecurityDescriptor is not null)
        {
            missing.Add("Windows security descriptor");
        }

        missing.AddRange(wanted.AlternateStreams.Select(stream => $"stream {EntryName.ToDisplay(stream.Name)}"));
        if (wanted.CreatedAt is { } created)
        {
            PortableEntry.Attempt("creation time", missing, () => File.SetCreationTimeUtc(place, created.ToDateTimeOffset().UtcDateTime));
        }

        PortableEntry.Attempt("modification time", missing, () => File.SetLastWriteTimeUtc(place, wanted.ModifiedAt.ToDateTimeOffset().UtcDateTime));
    }

    private bool ApplyOwner(string place, EntryMetadata wanted, List<string> missing)
    {
        if (MacCalls.Stat(place, out var now))
        {
            return owner.Apply(wanted, (now.UserId, now.GroupId), (user, group) => MacWrite.ChangeOwner(place, user, group) == 0, missing);
        }

        missing.Add("owner");
        return false;
    }
}
