using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// All records whose pseudonyms begin with the same bytes as the domain ids of those subjects do. Two records that claim one domain are always in one group, whatever subjects they name: here it
/// is told which of them counts. Wiped on disposal. Not thread-safe.
/// </summary>
internal sealed class SubjectGroup : IDisposable
{
    /// <summary>The order of a record that stands in a leaf.</summary>
    internal const int Stored = -1;

    private readonly byte[] _start = new byte[SubjectRecord.SharedBytes];
    private readonly Dictionary<DomainId, int> _holders = [];
    private List<Claim> _claims = [];
    private OwnedBuffer _records = OwnedBuffer.Rent(16 * SubjectRecord.SizeBytes);
    private int _used;

    internal int Count => _claims.Count;

    /// <summary>Valid until the next record is added.</summary>
    internal ReadOnlyMemory<byte> this[int index] => _records.Memory.Slice(_claims[index].At, SubjectRecord.SizeBytes);

    internal DataSetId DataSetOf(int index) => _claims[index].DataSet;

    /// <summary>Forgets what it held, and becomes the group that the record is in.</summary>
    internal void Begin(ReadOnlySpan<byte> record)
    {
        record[..SubjectRecord.SharedBytes].CopyTo(_start);
        _records.Span[.._used].Clear();
        _claims.Clear();
        _used = 0;
    }

    internal bool Takes(ReadOnlySpan<byte> record) => record.StartsWith(_start);

    /// <param name="order">Lower is older: <see cref="Stored"/>, or where its addition stands in the order of their storage.</param>
    internal void Add(ReadOnlySpan<byte> record, DataSetId dataSet, int order)
    {
        if (_used + SubjectRecord.SizeBytes > _records.LengthBytes)
        {
            Grow();
        }

        record.CopyTo(_records.Span[_used..]);
        _claims.Add(new Claim(_used, dataSet, order));
        _used += SubjectRecord.SizeBytes;
    }

    /// <summary>
    /// Leaves one record of each domain, the oldest, in ascending order. A dead one loses its key and its name and goes on holding the domain: whoever had the key could else give it to the
    /// domain once more, for another subject or for a later time.
    /// </summary>
    /// <param name="sink">Told of claims that count for nothing; null where it is not the time to tell.</param>
    internal void Settle(Func<SubjectPseudonym, DataSetId, uint, bool> isErased, IEngineSink? sink)
    {
        if (Count > 1)
        {
            DropLaterClaims(isErased, sink);
        }

        foreach (var claim in _claims)
        {
            if (IsDead(claim, isErased))
            {
                SubjectRecord.Destroy(SpanOf(claim));
            }
        }

        if (Count > 1)
        {
            _claims.Sort((left, right) => SubjectRecord.Compare(SpanOf(left), SpanOf(right)));
        }
    }

    public void Dispose() => _records.Dispose();

    private void DropLaterClaims(Func<SubjectPseudonym, DataSetId, uint, bool> isErased, IEngineSink? sink)
    {
        _holders.Clear();
        for (var i = 0; i < Count; i++)
        {
            var domain = SubjectRecord.DomainOf(SpanOf(_claims[i]));
            var isHeld = _holders.TryGetValue(domain, out var holder);
            var (older, later) = isHeld && _claims[holder].Order <= _claims[i].Order ? (holder, i) : (i, holder);
            if (isHeld && !SubjectRecord.IsSame(SpanOf(_claims[older]), SpanOf(_claims[later])) && !IsDead(_claims[later], isErased))
            {
                sink?.Report(new BackupEvent(
                    EventSeverity.Warning, $"A second key of domain {domain} counts for nothing.", FaultCodes.SubjectKeyConflict));
            }

            _holders[domain] = older;
        }

        _claims = [.. _holders.Values.Select(holder => _claims[holder])];
    }

    private bool IsDead(in Claim claim, Func<SubjectPseudonym, DataSetId, uint, bool> isErased)
    {
        var record = SpanOf(claim);
        return SubjectRecord.IsDestroyed(record) || isErased(SubjectRecord.PseudonymOf(record), claim.DataSet, SubjectRecord.GenerationOf(record));
    }

    private Span<byte> SpanOf(in Claim claim) => _records.Span.Slice(claim.At, SubjectRecord.SizeBytes);

    private void Grow()
    {
        var larger = OwnedBuffer.Rent(_records.LengthBytes * 2);
        _records.Span[.._used].CopyTo(larger.Span);
        _records.Dispose();
        _records = larger;
    }

    private readonly record struct Claim(int At, DataSetId DataSet, int Order);
}
