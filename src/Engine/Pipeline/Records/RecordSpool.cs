using System.Buffers.Binary;
using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Takes the records of a backup as they come, before any vault is touched: a source that breaks off half way leaves no half data set behind, and a slow one holds no
/// session open. Sealed on disk, flat in memory. One thread at a time.
/// </summary>
public sealed class RecordSpool : IDisposable
{
    /// <summary>Of very many faults the first stand in the snapshot's list, and one says how many more there are.</summary>
    private const int MaxFaults = 10_000;

    private readonly SpillFile _file;
    private readonly List<SourceFault> _faults = [];
    private readonly byte[] _lengths = new byte[2 * sizeof(int)];
    private long _faultCount;

    /// <param name="folder">For what does not stay in memory; the system's temporary folder.</param>
    /// <param name="hasSubjects">Whether each record must say whose it is.</param>
    /// <exception cref="RequestException">RecordSpillFailed.</exception>
    public RecordSpool(string folder, bool hasSubjects)
    {
        Folder = folder;
        HasSubjects = hasSubjects;
        _file = new SpillFile(folder);
    }

    public bool HasSubjects { get; }

    /// <summary>Records taken so far, those that were refused included: what messages number them by, from 1.</summary>
    public long SeenCount { get; private set; }

    public long RecordCount { get; private set; }

    public long ContentBytes { get; private set; }

    /// <summary>Records that did not say whose they are.</summary>
    public long SubjectlessCount { get; private set; }

    internal string Folder { get; }

    internal IReadOnlyList<SourceFault> Faults => _faultCount <= MaxFaults
        ? _faults
        : [.. _faults, new SourceFault(FaultCodes.RecordFaultsUnlisted, "(records)", $"{_faultCount - MaxFaults:N0} more records could not be backed up.")];

    /// <param name="subject">Whose record it is; null or blank where it does not say.</param>
    /// <param name="record">As <see cref="RecordWriter"/> wrote it.</param>
    /// <exception cref="RequestException">RecordSpillFailed.</exception>
    public void Add(string? subject, ReadOnlySpan<byte> record)
    {
        SeenCount++;
        byte[] name = [];
        if (HasSubjects && !SubjectName.TryEncode(subject, out name))
        {
            SubjectlessCount++;
            AddFault(FaultCodes.SubjectMissing, string.IsNullOrWhiteSpace(subject)
                ? "It does not say whose it is."
                : $"What should say whose it is, is no text of 1 to {SubjectName.MaxBytes} bytes.");
            return;
        }

        BinaryPrimitives.WriteInt32LittleEndian(_lengths, name.Length);
        BinaryPrimitives.WriteInt32LittleEndian(_lengths.AsSpan(sizeof(int)), record.Length);
        _file.Write(_lengths);
        _file.Write(name);
        _file.Write(record);
        RecordCount++;
        ContentBytes += record.Length;
    }

    /// <summary>A record that could not be written as one; it counts as seen.</summary>
    public void AddRefused(BackupException reason)
    {
        SeenCount++;
        AddFault(reason.Code, reason.Message);
    }

    /// <summary>All records in the order of their coming; each is valid until the next.</summary>
    /// <exception cref="RequestException">RecordSpillFailed: what is on disk is not all that came in.</exception>
    internal IEnumerable<SpooledRecord> Read()
    {
        _file.Rewind();
        using var buffer = new GrowingBuffer();
        for (long number = 0; _file.TryRead(_lengths); number++)
        {
            var name = new byte[BinaryPrimitives.ReadInt32LittleEndian(_lengths)];
            var record = buffer.Take(BinaryPrimitives.ReadInt32LittleEndian(_lengths.AsSpan(sizeof(int))));
            _file.Read(name);
            _file.Read(record.Span);
            yield return new SpooledRecord(number, Encoding.UTF8.GetString(name), record);
        }
    }

    public void Dispose() => _file.Dispose();

    private void AddFault(FaultCode code, string message)
    {
        if (++_faultCount <= MaxFaults)
        {
            _faults.Add(new SourceFault(code, $"(record {SeenCount})", message));
        }
    }
}

/// <param name="Number">In the order of their coming, from 0.</param>
/// <param name="Subject">Empty where the data set has no subjects.</param>
internal readonly record struct SpooledRecord(long Number, string Subject, ReadOnlyMemory<byte> Record);

/// <summary>One buffer that serves one record after the other and is wiped when it is given up.</summary>
internal sealed class GrowingBuffer : IDisposable
{
    private OwnedBuffer _buffer = OwnedBuffer.Rent(64 * 1024);

    /// <summary>Room for so many bytes; what was there is lost.</summary>
    internal Memory<byte> Take(int bytes)
    {
        if (_buffer.LengthBytes < bytes)
        {
            _buffer.Dispose();
            _buffer = OwnedBuffer.Rent(Math.Max(bytes, 2 * _buffer.LengthBytes));
        }

        return _buffer.Memory[..bytes];
    }

    public void Dispose() => _buffer.Dispose();
}
