using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Subject keys one after the other in one buffer that is wiped with it.</summary>
internal sealed class SubjectRecords : IDisposable
{
    private readonly OwnedBuffer _bytes;

    private SubjectRecords(OwnedBuffer bytes)
    {
        _bytes = bytes;
    }

    internal int Count => _bytes.LengthBytes / SubjectRecord.SizeBytes;

    internal ReadOnlySpan<byte> Bytes => _bytes.Span;

    internal ReadOnlySpan<byte> this[int index] => _bytes.Span.Slice(index * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);

    /// <summary>To say which data set a record is of, which no order depends on.</summary>
    internal Span<byte> Writable(int index) => _bytes.Span.Slice(index * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);

    internal static SubjectRecords CopyOf(ReadOnlySpan<byte> bytes) => new(OwnedBuffer.CopyOf(bytes));

    /// <summary>Takes the buffer over. What is not whole records, strictly ascending, is refused: a second record of one domain could hide the first.</summary>
    /// <exception cref="IntegrityException">Malformed.</exception>
    internal static SubjectRecords Take(OwnedBuffer bytes, string what)
    {
        var records = new SubjectRecords(bytes);
        if (bytes.LengthBytes % SubjectRecord.SizeBytes != 0 || !records.IsAscending())
        {
            bytes.Dispose();
            throw new IntegrityException(FaultCodes.Malformed, $"The {what} is malformed: its keys are not whole, or not in order.");
        }

        return records;
    }

    /// <summary>The records of both in one order; of equal ones the first's come first.</summary>
    internal static SubjectRecords Merge(SubjectRecords first, SubjectRecords second)
    {
        var bytes = OwnedBuffer.Rent(first._bytes.LengthBytes + second._bytes.LengthBytes);
        var (left, right) = (0, 0);
        for (var at = 0; at < bytes.LengthBytes; at += SubjectRecord.SizeBytes)
        {
            var next = right == second.Count || (left < first.Count && SubjectRecord.Compare(first[left], second[right]) <= 0) ? first[left++] : second[right++];
            next.CopyTo(bytes.Span[at..]);
        }

        return new SubjectRecords(bytes);
    }

    /// <summary>The records that start with <paramref name="prefix"/>: a pseudonym, or what a domain id shares with it.</summary>
    internal Range RangeOf(ReadOnlySpan<byte> prefix)
    {
        var start = FirstFrom(prefix);
        var end = start;
        while (end < Count && this[end].StartsWith(prefix))
        {
            end++;
        }

        return start..end;
    }

    public void Dispose() => _bytes.Dispose();

    private int FirstFrom(ReadOnlySpan<byte> prefix)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (this[middle][..prefix.Length].SequenceCompareTo(prefix) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private bool IsAscending()
    {
        for (var i = 1; i < Count; i++)
        {
            if (SubjectRecord.Compare(this[i - 1], this[i]) >= 0)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>One key of a subject, in the hands of whoever may open the keyring.</summary>
/// <param name="Generation">How many entries the ledger had when the key was made: an entry of that number or a later one which names the subject has killed it.</param>
/// <param name="Key">The holder's to dispose of.</param>
public sealed record SubjectKeyEntry(SubjectPseudonym Subject, DomainId Domain, DataSetId DataSet, uint Generation, SubjectKey Key) : IDisposable
{
    public void Dispose() => Key.Dispose();

    internal static SubjectKeyEntry Of(ReadOnlySpan<byte> record, DataSetId dataSet) => new(
        SubjectRecord.PseudonymOf(record), SubjectRecord.DomainOf(record), dataSet, SubjectRecord.GenerationOf(record), new SubjectKey(SubjectRecord.KeyOf(record)));
}
