using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Which folders of the disk are to be compared with which roots of a snapshot, and by which rules they are walked.</summary>
public static class DiskRoots
{
    /// <summary>As a backup of these roots would see them: by the rules that the snapshot was made with, and without the vault itself.</summary>
    /// <exception cref="RequestException">OriginalPlaceUnknown.</exception>
    /// <param name="paths">Full paths; empty for where the roots came from.</param>
    /// <param name="vaultFolders">Where the vault is, if that is a folder of this machine.</param>
    public static FileSystemSourceOptions SourceOf(OwnerPart snapshot, IReadOnlyList<string> paths, IReadOnlyList<string> vaultFolders) => RuleText.Apply(
        new() { Roots = paths.Count == 0 ? [.. SnapshotPlaces.Of(snapshot).Select(static place => new FileSystemRoot(NameOf(place.Name), place.Path))] : Named(snapshot, paths), SkipFolders = vaultFolders, LeaveOutFolders = [HostState.Default.Folder] }, snapshot.Rules);

    /// <summary>
    /// A path that ends in a root's name is that root. Any other is a folder that holds roots by their names, as a restore leaves it; where it holds none, and the snapshot has
    /// one root, it is that root under another name.
    /// </summary>
    private static List<FileSystemRoot> Named(OwnerPart snapshot, IReadOnlyList<string> paths)
    {
        var names = snapshot.Roots.Select(static root => NameOf(root.Name)).ToList();
        var roots = new List<FileSystemRoot>();
        foreach (var path in paths)
        {
            var own = Path.GetFileName(path);
            var within = names.Where(name => Path.Exists(Path.Combine(path, name))).ToList();
            if (names.Contains(own, StringComparer.Ordinal))
            {
                roots.Add(new FileSystemRoot(own, path));
            }
            else if (within.Count > 0)
            {
                roots.AddRange(within.Select(name => new FileSystemRoot(name, Path.Combine(path, name))));
            }
            else
            {
                roots.Add(new FileSystemRoot(names.Count == 1 ? names[0] : own, path));
            }
        }

        return [.. roots.DistinctBy(static root => root.Name, StringComparer.Ordinal)];
    }

    private static string NameOf(ReadOnlyMemory<byte> name) => Encoding.UTF8.GetString(name.Span);
}
