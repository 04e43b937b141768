using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// A folder met on the walk, and how to find it again: by its parent, its name and what it was. The node without a parent is the
/// folder in which a root lies; its name is an absolute path.
/// </summary>
/// <param name="fileId">0 where ids cannot be trusted: then only the device is compared.</param>
internal sealed class FolderNode(FolderNode? parent, byte[] name, ulong deviceId, ulong fileId)
{
    public FolderNode? Parent { get; } = parent;

    public byte[] Name { get; } = name;

    public ulong DeviceId { get; } = deviceId;

    public ulong FileId { get; } = fileId;

    /// <summary>The real path of something in this folder, for people.</summary>
    public string Display(ReadOnlySpan<byte> name)
    {
        var names = new Stack<string>();
        PushUnlessDot(names, name);
        for (var node = this; node is not null; node = node.Parent)
        {
            PushUnlessDot(names, node.Name);
        }

        var text = string.Join('/', names);
        return text.StartsWith("//", StringComparison.Ordinal) ? text[1..] : text;
    }

    public string Display() => Parent is null ? EntryName.ToDisplay(Name) : Parent.Display(Name);

    /// <summary>The root of the file system is reached as "." within itself.</summary>
    private static void PushUnlessDot(Stack<string> names, ReadOnlySpan<byte> name)
    {
        if (!name.SequenceEqual("."u8))
        {
            names.Push(EntryName.ToDisplay(name));
        }
    }
}
