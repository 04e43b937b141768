using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>As many additions as one rewrite takes in, in the order in which they were stored, and their keys sorted. Few keys stay in memory, many in a file on this host.</summary>
internal sealed class AdditionSet(string folder, VaultId vault) : IDisposable
{
    /// <summary>A record tells its addition by a place of 16 bits, and a root must have room to name them.</summary>
    internal const int MaxAdditions = 50_000;

    private readonly List<(ObjectId Id, DataSetId DataSet)> _additions = [];
    private readonly SubjectKeySpool _spool = new(folder, vault);

    internal int Count => _additions.Count;

    internal long KeyCount => _spool.Count;

    internal IEnumerable<ObjectId> Ids => _additions.Select(static addition => addition.Id);

    /// <summary>Where the record's addition stands in the order of their storage.</summary>
    internal static int OrderOf(ReadOnlySpan<byte> record) => SubjectRecord.PlaceOf(record);

    internal DataSetId DataSetOf(ReadOnlySpan<byte> record) => _additions[SubjectRecord.PlaceOf(record)].DataSet;

    /// <summary>Takes the addition's keys over.</summary>
    internal void Add(SubjectAddition addition)
    {
        for (var i = 0; i < addition.Keys.Count; i++)
        {
            SubjectRecord.SetPlace(addition.Keys.Writable(i), checked((ushort)Count));
        }

        _additions.Add((addition.Id, addition.DataSet));
        _spool.Add(addition.Keys);
    }

    /// <inheritdoc cref="SubjectKeySpool.Complete"/>
    internal void Complete() => _spool.Complete();

    /// <inheritdoc cref="SubjectKeySpool.Find"/>
    internal void Find(ReadOnlySpan<byte> prefix, SubjectRecordReader read) => _spool.Find(prefix, read);

    /// <inheritdoc cref="SubjectKeySpool.Scan"/>
    internal SubjectKeyMerge Scan() => _spool.Scan();

    public void Dispose() => _spool.Dispose();
}
