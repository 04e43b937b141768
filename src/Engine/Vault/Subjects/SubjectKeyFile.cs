using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Sorted key records in a sealed file on this host, ten million of them in a gigabyte, read by page with flat memory: header (80) ‖ commitment (32) ‖
/// pages of 64 records, a frame each ‖ the first 8 bytes of every page, 8,192 a frame ‖ trailer frame (the caller's preface), flagged as last ‖ u64 count ‖
/// u32 length of the trailer. The last two only say where the trailer is: it does not open where they lie. Not thread-safe.
/// </summary>
internal sealed class SubjectKeyFile : IDisposable
{
    internal const int PageRecords = 64;
    internal const int FencesPerFrame = 8_192;
    internal const int PageBytes = PageRecords * SubjectRecord.SizeBytes;
    internal const int FirstFrameAt = ObjectHeader.SizeBytes + ObjectKey.CommitmentBytes;
    internal const int EndBytes = sizeof(ulong) + sizeof(uint);

    private const int MaxPrefaceBytes = 16 * 1024 * 1024;
    private const int FencesBytes = FencesPerFrame * sizeof(ulong);

    private readonly FileStream _file;
    private readonly FrameOpener _opener;
    private readonly OwnedBuffer _page = OwnedBuffer.Rent(PageBytes);
    private readonly byte[] _sealed = new byte[PageBytes + FrameSealer.TagBytes];
    private ulong[] _fences = [];
    private long _loaded = -1;

    private SubjectKeyFile(FileStream file, FrameOpener opener, long count)
    {
        _file = file;
        _opener = opener;
        Count = count;
    }

    internal long Count { get; }

    internal ReadOnlyMemory<byte> Preface { get; private set; }

    private long Pages => (Count + PageRecords - 1) / PageRecords;

    /// <summary>Takes the file over. Null when it is sealed under another key.</summary>
    /// <exception cref="IntegrityException">Damaged or cut short.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static SubjectKeyFile? TryOpen(FileStream file, ObjectKey key)
    {
        SubjectKeyFile? opened = null;
        try
        {
            Span<byte> commitment = stackalloc byte[ObjectKey.CommitmentBytes];
            Span<byte> end = stackalloc byte[EndBytes];
            if (file.Length < FirstFrameAt + EndBytes)
            {
                throw Damaged();
            }

            Read(file, ObjectHeader.SizeBytes, commitment);
            Read(file, file.Length - EndBytes, end);
            var count = BinaryPrimitives.ReadInt64LittleEndian(end);
            if (count < 0 || count > file.Length / SubjectRecord.SizeBytes)
            {
                throw Damaged();
            }

            if (FrameOpener.TryCreate(key, commitment, out var opener))
            {
                opened = new SubjectKeyFile(file, opener, count);
                opened.Load(BinaryPrimitives.ReadUInt32LittleEndian(end[sizeof(ulong)..]));
                return opened;
            }

            file.Dispose();
            return null;
        }
        catch
        {
            file.Dispose();
            opened?.Dispose();
            throw;
        }
    }

    /// <summary>Shows the records that start with <paramref name="prefix"/>.</summary>
    internal void Find(ReadOnlySpan<byte> prefix, SubjectRecordReader read)
    {
        Span<byte> bound = stackalloc byte[sizeof(ulong)];
        bound.Fill(0xff);
        prefix[..Math.Min(prefix.Length, bound.Length)].CopyTo(bound);
        var highest = BinaryPrimitives.ReadUInt64BigEndian(bound);
        bound[Math.Min(prefix.Length, bound.Length)..].Clear();
        var page = FirstPageFrom(BinaryPrimitives.ReadUInt64BigEndian(bound));
        for (; page < Pages && _fences[page] <= highest; page++)
        {
            var records = Page(page);
            for (var at = 0; at < records.Length; at += SubjectRecord.SizeBytes)
            {
                var record = records.Slice(at, SubjectRecord.SizeBytes);
                if (record.StartsWith(prefix))
                {
                    read(record);
                }
            }
        }
    }

    /// <summary>The record at a place in the order; valid until the next call.</summary>
    internal ReadOnlySpan<byte> At(long index) =>
        Page(index / PageRecords).Slice((int)(index % PageRecords) * SubjectRecord.SizeBytes, SubjectRecord.SizeBytes);

    public void Dispose()
    {
        _page.Dispose();
        _opener.Dispose();
        _file.Dispose();
    }

    /// <summary>The last page that begins below the bound: what is sought may begin within it.</summary>
    private long FirstPageFrom(ulong lowest)
    {
        var found = Array.BinarySearch(_fences, lowest);
        if (found < 0)
        {
            return Math.Max(0, ~found - 1);
        }

        while (found > 0 && _fences[found - 1] == lowest)
        {
            found--;
        }

        return Math.Max(0, found - 1);
    }

    private ReadOnlySpan<byte> Page(long page)
    {
        var length = (int)Math.Min(PageRecords, Count - (page * PageRecords)) * SubjectRecord.SizeBytes;
        if (_loaded != page)
        {
            _loaded = -1;
            var frame = _sealed.AsSpan(0, length + FrameSealer.TagBytes);
            Read(_file, FirstFrameAt + (page * (PageBytes + FrameSealer.TagBytes)), frame);
            _opener.Open((ulong)page, isLast: false, claim: default, frame, _page.Span[..length]);
            _loaded = page;
        }

        return _page.Span[..length];
    }

    private void Load(uint trailerBytes)
    {
        var fenceFrames = (Pages + FencesPerFrame - 1) / FencesPerFrame;
        var fencesAt = FirstFrameAt + (Count * SubjectRecord.SizeBytes) + (Pages * FrameSealer.TagBytes);
        var trailerAt = fencesAt + (Pages * sizeof(ulong)) + (fenceFrames * FrameSealer.TagBytes);
        if (trailerBytes > MaxPrefaceBytes || trailerAt + trailerBytes + FrameSealer.TagBytes + EndBytes != _file.Length)
        {
            throw Damaged();
        }

        var trailer = new byte[trailerBytes];
        OpenAt(trailerAt, (ulong)(Pages + fenceFrames), isLast: true, trailer);
        Preface = trailer;
        _fences = new ulong[Pages];
        var fences = new byte[FencesBytes];
        for (long i = 0, at = fencesAt; i < fenceFrames; i++)
        {
            var part = fences.AsSpan(0, (int)Math.Min(FencesPerFrame, Pages - (i * FencesPerFrame)) * sizeof(ulong));
            OpenAt(at, (ulong)(Pages + i), isLast: false, part);
            at += part.Length + FrameSealer.TagBytes;
            for (var fence = 0; fence < part.Length / sizeof(ulong); fence++)
            {
                _fences[(i * FencesPerFrame) + fence] = BinaryPrimitives.ReadUInt64BigEndian(part[(fence * sizeof(ulong))..]);
            }
        }
    }

    private void OpenAt(long at, ulong frame, bool isLast, Span<byte> plain)
    {
        var bytes = new byte[plain.Length + FrameSealer.TagBytes];
        Read(_file, at, bytes);
        _opener.Open(frame, isLast, claim: default, bytes, plain);
    }

    private static void Read(FileStream file, long at, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(file.SafeFileHandle, destination, at);
            if (read == 0)
            {
                throw Damaged();
            }

            at += read;
            destination = destination[read..];
        }
    }

    private static IntegrityException Damaged() => new(FaultCodes.Malformed, "The host's file of subject keys is damaged.");
}

/// <summary>Writes such a file. The records must come in ascending order. Not thread-safe.</summary>
internal sealed class SubjectKeyFileWriter : IDisposable
{
    private readonly Stream _file;
    private readonly FrameSealer _sealer;
    private readonly OwnedBuffer _page = OwnedBuffer.Rent(SubjectKeyFile.PageBytes);
    private readonly byte[] _sealed = new byte[SubjectKeyFile.PageBytes + FrameSealer.TagBytes];
    private readonly List<ulong> _fences = [];
    private int _filled;

    /// <param name="file">Stays the caller's.</param>
    internal SubjectKeyFileWriter(Stream file, ObjectKey key)
    {
        _file = file;
        _sealer = new FrameSealer(key);
        Span<byte> header = stackalloc byte[ObjectHeader.SizeBytes];
        key.Header.Write(header);
        file.Write(header);
        file.Write(_sealer.Commitment);
    }

    internal long Count { get; private set; }

    internal void Add(ReadOnlySpan<byte> record)
    {
        if (_filled == 0)
        {
            _fences.Add(BinaryPrimitives.ReadUInt64BigEndian(record));
        }

        record.CopyTo(_page.Span[_filled..]);
        _filled += SubjectRecord.SizeBytes;
        Count++;
        if (_filled == SubjectKeyFile.PageBytes)
        {
            SealPage();
        }
    }

    internal void Finish(ReadOnlySpan<byte> preface)
    {
        if (_filled > 0)
        {
            SealPage();
        }

        for (var i = 0; i < _fences.Count; i += SubjectKeyFile.FencesPerFrame)
        {
            var part = new byte[Math.Min(SubjectKeyFile.FencesPerFrame, _fences.Count - i) * sizeof(ulong)];
            for (var fence = 0; fence < part.Length / sizeof(ulong); fence++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(part.AsSpan(fence * sizeof(ulong)), _fences[i + fence]);
            }

            Seal(part, isLast: false);
        }

        Seal(preface, isLast: true);
        Span<byte> end = stackalloc byte[SubjectKeyFile.EndBytes];
        BinaryPrimitives.WriteInt64LittleEndian(end, Count);
        BinaryPrimitives.WriteUInt32LittleEndian(end[sizeof(ulong)..], (uint)preface.Length);
        _file.Write(end);
        _file.Flush();
    }

    public void Dispose()
    {
        _page.Dispose();
        _sealer.Dispose();
    }

    private void SealPage()
    {
        var frame = _sealed.AsSpan(0, _filled + FrameSealer.TagBytes);
        _sealer.Seal(isLast: false, claim: default, _page.Span[.._filled], frame);
        _file.Write(frame);
        _filled = 0;
    }

    private void Seal(ReadOnlySpan<byte> plain, bool isLast)
    {
        var frame = new byte[plain.Length + FrameSealer.TagBytes];
        _sealer.Seal(isLast, claim: default, plain, frame);
        _file.Write(frame);
    }
}
