using System.Collections;
using System.Management.Automation.Provider;
using System.Text;

namespace SecureBackup.PowerShell.Drives;

/// <summary>
/// A file of a snapshot as Get-Content reads it: by lines, or by bytes, or all at once. It holds one chunk of the file at a time, unless all is wanted. Get-Content asks for one
/// line or one byte, and each piece of engine work costs a change of threads; so a block is read ahead.
/// </summary>
/// <param name="content">Owned.</param>
/// <param name="encoding">Null for bytes.</param>
/// <param name="isRaw">All in one object.</param>
/// <param name="run">Runs engine work for this thread, so that a stop ends it.</param>
internal sealed class BackupContentReader(Stream content, Encoding? encoding, bool isRaw, Action<Func<CancellationToken, Task>> run) : IContentReader
{
    private const int BlockLength = 64 * 1024;

    private readonly StreamReader? _text = encoding is null ? null : new StreamReader(content, encoding, detectEncodingFromByteOrderMarks: true);
    private readonly Queue<string> _lines = new();
    private byte[] _block = [];
    private ReadOnlyMemory<byte> _bytes;
    private bool _isAtEnd;

    /// <param name="readCount">Lines or bytes wanted; all that is left where it is not positive.</param>
    public IList Read(long readCount)
    {
        var wanted = isRaw || readCount <= 0 ? long.MaxValue : readCount;
        return _text is null ? ReadBytes(wanted) : isRaw ? ReadText(_text) : ReadLines(_text, wanted);
    }

    public void Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("A file of a snapshot is read from its start to its end.");

    public void Close() => Dispose();

    public void Dispose()
    {
        _text?.Dispose();
        content.Dispose();
    }

    private object[] ReadText(StreamReader text)
    {
        if (_isAtEnd)
        {
            return [];
        }

        var all = string.Empty;
        run(async token => all = await text.ReadToEndAsync(token));
        _isAtEnd = true;
        return [all];
    }

    private List<object> ReadLines(StreamReader text, long count)
    {
        var lines = new List<object>();
        while (lines.Count < count)
        {
            if (_lines.TryDequeue(out var line))
            {
                lines.Add(line);
            }
            else if (_isAtEnd)
            {
                break;
            }
            else
            {
                run(token => FillLinesAsync(text, token));
            }
        }

        return lines;
    }

    private async Task FillLinesAsync(StreamReader text, CancellationToken cancellationToken)
    {
        for (var length = 0L; length < BlockLength;)
        {
            if (await text.ReadLineAsync(cancellationToken) is not { } line)
            {
                _isAtEnd = true;
                return;
            }

            _lines.Enqueue(line);
            length += line.Length + 1;
        }
    }

    private IList ReadBytes(long count)
    {
        if (_isAtEnd && _bytes.IsEmpty)
        {
            return Array.Empty<object>();
        }

        using var found = new MemoryStream();
        while (found.Length < count)
        {
            if (_bytes.IsEmpty)
            {
                if (!_isAtEnd)
                {
                    run(FillBytesAsync);
                }

                if (_isAtEnd)
                {
                    break;
                }
            }

            var taken = _bytes[..(int)Math.Min(_bytes.Length, count - found.Length)];
            found.Write(taken.Span);
            _bytes = _bytes[taken.Length..];
        }

        return isRaw ? new object[] { found.ToArray() } : found.ToArray();
    }

    private async Task FillBytesAsync(CancellationToken cancellationToken)
    {
        _block = _block.Length == 0 ? new byte[BlockLength] : _block;
        var count = await content.ReadAsync(_block, cancellationToken);
        _bytes = _block.AsMemory(0, count);
        _isAtEnd = count == 0;
    }
}
