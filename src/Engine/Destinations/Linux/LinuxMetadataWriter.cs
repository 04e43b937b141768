using System.Runtime.Versioning;
using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Linux;

/// <summary>
/// Sets attributes in the one order in which none undoes another: owner (which clears the set-id bits and capabilities),
/// extended attributes, mode, access lists (which the mode would cut), modification time.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxMetadataWriter(DestinationOptions options, bool isAdministrator)
{
    private const uint SetIdBits = 0xC00; // 06000
    private const uint PermissionBits = 0xFFF;

    // What a stream, a listing and a folder entry carry anyway: directory, archive, normal.
    private const uint PlainWindowsAttributes = 0x10 | 0x20 | 0x80;

    /// <summary>Of a file's attributes, where they have no room in the first.</summary>
    private const int MaxOtherOrders = 3;

    private static readonly uint Umask = ReadUmask();

    private readonly OwnerRestore _owner = new(options);

    private bool RestoresOwner => options.RestoreOwner ?? true;

    /// <param name="status">What the inode is like now.</param>
    /// <returns>What could not be set, for people.</returns>
    public IReadOnlyList<string> Apply(LinuxInode inode, LinuxStat status, EntryMetadata wanted)
    {
        var missing = new List<string>();
        var ownsIt = _owner.Apply(wanted, (status.UserId, status.GroupId), (user, group) => inode.ChangeOwner(user, group) == 0, missing);

        // First, for they take the room of those that are to be set.
        var hadStrangers = RemoveStrangers(inode, wanted);
        ApplyAttributes(inode, wanted, missing, accessLists: false);
        if (wanted.Kind != EntryKind.SymbolicLink)
        {
            ApplyMode(inode, wanted, ownsIt, hadStrangers ? null : status.Mode & PermissionBits, missing);
            ApplyAttributes(inode, wanted, missing, accessLists: true);
        }

        ListForeign(wanted, missing);
        if (inode.SetModified(wanted.ModifiedAt) != 0)
        {
            missing.Add("modification time");
        }

        return missing;
    }

    /// <summary>Whether there is nothing left to set.</summary>
    public bool Has(LinuxInode inode, EntryMetadata wanted)
    {
        var status = inode.Status();
        var hasMode = wanted.Kind == EntryKind.SymbolicLink || wanted.Mode is null || (wanted.Mode & PermissionBits) == (status.Mode & PermissionBits);
        var isNode = wanted.Kind is EntryKind.CharacterDevice or EntryKind.BlockDevice;
        return hasMode
            && status.Modified.ToTimestamp() == wanted.ModifiedAt
            && (!isNode || (status.SpecialMajor, status.SpecialMinor) == (wanted.DeviceMajor, wanted.DeviceMinor))
            && _owner.Has(wanted, (status.UserId, status.GroupId))
            && wanted.ExtendedAttributes.All(attribute => inode.HasAttribute(attribute.Name, attribute.Value))
            && !StrangersOf(inode, wanted).Any();
    }

    private void ApplyAttributes(LinuxInode inode, EntryMetadata wanted, List<string> missing, bool accessLists)
    {
        if (wanted.ExtendedAttributes.Count == 0)
        {
            return;
        }

        var mayBeSet = wanted.ExtendedAttributes.Where(attribute => IsAccessList(attribute.Name) == accessLists).ToLookup(MaySet);
        var lacking = mayBeSet[false].Concat(SetAll(inode, [.. mayBeSet[true]]));
        missing.AddRange(lacking.Select(static attribute => $"attribute {EntryName.ToDisplay(attribute.Name)}"));
    }

    private bool MaySet(ExtendedAttribute attribute) =>
        !attribute.Name.AsSpan().Contains((byte)0) && (!IsPrivileged(attribute.Name) || (isAdministrator && RestoresOwner));

    /// <summary>
    /// ext4 has two places for attributes, and takes the first that has room: what fitted once may fit in that order only. So what found none goes first the next time.
    /// </summary>
    /// <returns>What is refused; as much as in the first order, where every other that was tried refuses some too.</returns>
    private static List<ExtendedAttribute> SetAll(LinuxInode inode, IReadOnlyList<ExtendedAttribute> attributes)
    {
        var order = attributes;
        var refused = SetInOrder(inode, order, out var lacksRoom);
        for (var other = 0; lacksRoom && order.Count > 1 && other < MaxOtherOrders; other++)
        {
            order = [.. refused, .. order.Except(refused)];
            MakeRoom(inode, order);
            refused = SetInOrder(inode, order, out lacksRoom);
        }

        if (lacksRoom && order != attributes)
        {
            MakeRoom(inode, attributes);
            refused = SetInOrder(inode, attributes, out _);
        }

        return refused;
    }

    private static List<ExtendedAttribute> SetInOrder(LinuxInode inode, IReadOnlyList<ExtendedAttribute> attributes, out bool lacksRoom)
    {
        lacksRoom = false;
        var refused = new List<ExtendedAttribute>();
        foreach (var attribute in attributes)
        {
            if (!inode.TrySetAttribute(attribute.Name, attribute.Value, out var isForRoom))
            {
                refused.Add(attribute);
                lacksRoom |= isForRoom;
            }
        }

        return refused;
    }

    /// <summary>Users' own alone: a label that the system gave may not be set again.</summary>
    private static void MakeRoom(LinuxInode inode, IReadOnlyList<ExtendedAttribute> attributes)
    {
        foreach (var attribute in attributes.Where(static attribute => IsUsersOwn(attribute.Name)))
        {
            inode.TryRemoveAttribute(attribute.Name);
        }
    }

    /// <param name="before">The mode that it had before anything was set; null where an access list may have been part of it. A new owner costs it the set-id bits alone.</param>
    private void ApplyMode(LinuxInode inode, EntryMetadata wanted, bool ownsIt, uint? before, List<string> missing)
    {
        var usual = wanted.Kind == EntryKind.Directory ? 0x1FFu : 0x1B6u; // 0777, 0666
        var mode = (wanted.Mode & PermissionBits) ?? (usual & ~Umask);
        if ((mode & SetIdBits) != 0 && !(isAdministrator && RestoresOwner && ownsIt))
        {
            missing.Add("set-id bits");
            mode &= ~SetIdBits;
        }

        var hasMode = mode == before && (mode & SetIdBits) == 0;
        if (!hasMode && inode.ChangeMode(mode) != 0)
        {
            missing.Add("mode");
        }
    }

    /// <summary>Takes away what a folder's default access list gave a new entry, or a taken-over folder had of its own.</summary>
    /// <returns>Whether there were any.</returns>
    private static bool RemoveStrangers(LinuxInode inode, EntryMetadata wanted)
    {
        var hadAny = false;
        foreach (var name in StrangersOf(inode, wanted))
        {
            inode.TryRemoveAttribute(name);
            hadAny = true;
        }

        return hadAny;
    }

    private static IEnumerable<byte[]> StrangersOf(LinuxInode inode, EntryMetadata wanted) => wanted.Kind is EntryKind.File or EntryKind.Directory
        ? inode.ListAttributes().Where(name => (IsAccessList(name) || IsUsersOwn(name))
            && !wanted.ExtendedAttributes.Any(attribute => attribute.Name.AsSpan().SequenceEqual(name)))
        : [];

    private static void ListForeign(EntryMetadata wanted, List<string> missing)
    {
        if (wanted.SecurityDescriptor is not null)
        {
            missing.Add("Windows security descriptor");
        }

        if (((wanted.WindowsAttributes ?? 0) & ~PlainWindowsAttributes) != 0)
        {
            missing.Add("Windows attributes");
        }

        missing.AddRange(wanted.AlternateStreams.Select(stream => $"stream {EntryName.ToDisplay(stream.Name)}"));
    }

    private static bool IsUsersOwn(ReadOnlySpan<byte> name) => name.StartsWith("user."u8);

    private static bool IsAccessList(ReadOnlySpan<byte> name) => name.StartsWith("system.posix_acl_"u8);

    private static bool IsPrivileged(ReadOnlySpan<byte> name) => name.StartsWith("security."u8) || name.StartsWith("trusted."u8);

    /// <summary>The only way to ask for the mask without changing it for every thread.</summary>
    private static uint ReadUmask()
    {
        const uint common = 0x12; // 0022
        const string path = "/proc/self/status";
        if (!File.Exists(path))
        {
            return common;
        }

        var line = File.ReadLines(path, Encoding.ASCII).FirstOrDefault(text => text.StartsWith("Umask:", StringComparison.Ordinal));
        return line is null ? common : Convert.ToUInt32(line["Umask:".Length..].Trim(), 8);
    }
}
