using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// Files and folders as a source. Roots that are links are followed, nothing below them is. Entries may be opened from any thread, also
/// after the walk has ended, until the source is disposed. For use by one walk at a time.
/// </summary>
public sealed class FileSystemSource : ISource, IDisposable
{
    private readonly FileSystemReader _reader;
    private readonly IReadOnlyList<(byte[] Name, ResolvedRoot Root)> _roots;
    private readonly WalkRules _rules;
    private readonly TimeProvider _time;
    private readonly TimeSpan _slowAnswer;
    private long _excludedCount;

    private FileSystemSource(FileSystemReader reader, WalkRules rules, IReadOnlyList<(byte[] Name, ResolvedRoot Root)> roots, TimeProvider time, TimeSpan slowAnswer)
    {
        _reader = reader;
        _rules = rules;
        _roots = roots;
        _time = time;
        _slowAnswer = slowAnswer;
    }

    /// <summary>What rules, limits and skipped folders left out in the last walk so far; a folder counts once, whatever is in it.</summary>
    public long ExcludedCount => Volatile.Read(ref _excludedCount);

    /// <summary>Checks everything that can be checked before any work: patterns, limits, and that each root is there and readable.</summary>
    /// <exception cref="RequestException">With a code of 1100 to 1105.</exception>
    public static FileSystemSource Open(FileSystemSourceOptions options, TimeProvider time)
    {
        var reader = FileSystemReader.Create(options.ChangeTimeTrust);
        try
        {
            var rules = WalkRules.Create(options, reader);
            var roots = options.Roots
                .Select(root => (Encoding.UTF8.GetBytes(root.Name), reader.Resolve(root)))
                .OrderBy(root => root.Item1, Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right)))
                .ToList();
            RequireApartFromVault(options, reader, rules, roots.Select(root => root.Item2));
            return new FileSystemSource(reader, rules, roots, time, options.SlowAnswer);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    public bool CanRepeat => true;

    public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _excludedCount, 0);
        var links = new HardLinkTable();
        var now = () => Timestamp.From(_time.GetUtcNow());
        using var ahead = new LookAhead(_reader, now, _slowAnswer);
        foreach (var (name, root) in _roots)
        {
            var walk = new FileSystemWalk(_reader, ahead, _rules, links, now, () => Interlocked.Increment(ref _excludedCount));
            foreach (var item in walk.Run(EntryPath.Root.Append(name), root, cancellationToken))
            {
                yield return item;
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    /// <summary>A backup of the vault into the vault would grow with every run; whoever means the rest says so by excluding it.</summary>
    private static void RequireApartFromVault(FileSystemSourceOptions options, FileSystemReader reader, WalkRules rules, IEnumerable<ResolvedRoot> roots)
    {
        var comparison = reader.IgnoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        var vaults = options.SkipFolders.Select(reader.Identify).OfType<(ulong DeviceId, ulong FileId, string RealPath)>().ToList();
        foreach (var (root, vault) in roots.SelectMany(root => vaults.Select(vault => (root.RealPath, vault.RealPath))))
        {
            // With a slash at both ends the vault itself and what is in it begin alike, its neighbours do not.
            if (Closed(root).StartsWith(Closed(vault), comparison))
            {
                throw new RequestException(FaultCodes.SourceRootInVault, $"'{root}' is the vault or lies within it.");
            }

            if (Closed(vault).StartsWith(Closed(root), comparison) && !rules.ExcludesFolder(vault[Closed(root).Length..]))
            {
                throw new RequestException(FaultCodes.SourceContainsVault, $"'{root}' contains the vault '{vault}'.");
            }
        }
    }

    private static string Closed(string path) => path.EndsWith('/') ? path : path + "/";
}
