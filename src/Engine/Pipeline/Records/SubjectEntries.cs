using System.Buffers.Binary;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// The entries of a run until its end is near, sealed on disk: only then it is known which subjects were erased meanwhile, and a writer cannot open
/// pages to take them out again. Entries come by the first bytes of their domain, and leave in the order of the whole.
/// </summary>
internal sealed class SubjectEntries(string folder) : IDisposable
{
    /// <summary>A domain id begins with its subject's pseudonym: so many bytes.</summary>
    private const int SharedBytes = 3;

    private readonly SpillFile _file = new(folder);
    private readonly List<ListedEntry> _group = [];
    private readonly byte[] _length = new byte[sizeof(int)];

    internal long Count { get; private set; }

    /// <summary>Subjects come in the order of their pseudonyms.</summary>
    internal void Add(ListedEntry entry)
    {
        if (_group.Count > 0 && PrefixOf(_group[0]) != PrefixOf(entry))
        {
            Flush();
        }

        _group.Add(entry);
        Count++;
    }

    /// <summary>Everything in path order; can be asked for again.</summary>
    internal IEnumerable<ListedEntry> Read()
    {
        Flush();
        _file.Rewind();
        while (_file.TryRead(_length))
        {
            var bytes = new byte[BinaryPrimitives.ReadInt32LittleEndian(_length)];
            _file.Read(bytes);
            yield return EntryCodec.Decode(bytes);
        }
    }

    public void Dispose() => _file.Dispose();

    private static ulong PrefixOf(ListedEntry entry) => entry.Domain.Value.A >> (64 - (8 * SharedBytes));

    private void Flush()
    {
        foreach (var entry in _group.OrderBy(static entry => entry.Domain.Value))
        {
            var bytes = EntryCodec.Encode(entry);
            BinaryPrimitives.WriteInt32LittleEndian(_length, bytes.Length);
            _file.Write(_length);
            _file.Write(bytes);
        }

        _group.Clear();
    }
}
