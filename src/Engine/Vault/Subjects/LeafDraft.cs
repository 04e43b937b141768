using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>One leaf while it is filled, in order.</summary>
internal sealed class LeafDraft(int maxKeys) : IDisposable
{
    private readonly Dictionary<DataSetId, int> _dataSets = [];
    private OwnedBuffer _records = OwnedBuffer.Rent(512 * SubjectRecord.SizeBytes);

    internal uint? Bucket { get; private set; }

    internal int Count { get; private set; }

    /// <summary>Then its bucket goes on in another leaf.</summary>
    internal bool IsFull => Count == maxKeys || _dataSets.Count == SubjectLeaf.MaxDataSets;

    internal void Begin(uint bucket)
    {
        Bucket = bucket;
        Count = 0;
        _dataSets.Clear();
    }

    internal void Add(ReadOnlySpan<byte> record, DataSetId dataSet)
    {
        if ((Count + 1) * SubjectRecord.SizeBytes > _records.LengthBytes)
        {
            Grow();
        }

        if (!_dataSets.TryGetValue(dataSet, out var place))
        {
            place = _dataSets.Count;
            _dataSets.Add(dataSet, place);
        }

        var added = _records.Span.Slice(Count * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);
        record.CopyTo(added);
        SubjectRecord.SetPlace(added, checked((ushort)place));
        Count++;
    }

    /// <summary>Sealed under a fresh node key, which stands in the slot alone.</summary>
    /// <param name="replaced">The root that the new one replaces.</param>
    internal (byte[] Slot, byte[] Bytes) Seal(in ObjectHeader header, ObjectId replaced)
    {
        Span<byte> nodeKey = stackalloc byte[SecretKey.SizeBytes];
        RandomNumberGenerator.Fill(nodeKey);
        DataSetId[] dataSets = [.. _dataSets.OrderBy(static pair => pair.Value).Select(static pair => pair.Key)];
        var bytes = SubjectLeaf.Seal(header, replaced, nodeKey, Bucket!.Value, dataSets, _records.Span[..(Count * SubjectRecord.SizeBytes)]);
        var slot = GC.AllocateUninitializedArray<byte>(KeyringMap.SlotBytes, pinned: true);
        KeyringMap.WriteSlot(slot, Bucket.Value, header.Object, nodeKey, ContentHash.Of(bytes));
        CryptographicOperations.ZeroMemory(nodeKey);
        return (slot, bytes);
    }

    public void Dispose() => _records.Dispose();

    private void Grow()
    {
        var larger = OwnedBuffer.Rent(_records.LengthBytes * 2);
        _records.Span.CopyTo(larger.Span);
        _records.Dispose();
        _records = larger;
    }
}
