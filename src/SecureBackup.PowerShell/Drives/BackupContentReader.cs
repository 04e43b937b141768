using System.Collections;
using System.Management.Automation.Provider;
using System.Text;

namespace SecureBackup.PowerShell.Drives;

/// <summary>A file of a snapshot as Get-Content reads it: by lines, or by bytes, or all at once. It holds one chunk of the file at a time, unless all is wanted.</summary>
/// <param name="content">Owned.</param>
/// <param name="encoding">Null for bytes.</param>
/// <param name="isRaw">All in one object.</param>
/// <param name="run">Runs engine work for this thread, so that a stop ends it.</param>
internal sealed class BackupContentReader(
    Stream content, Encoding? encoding, bool isRaw, Func<Func<CancellationToken, Task<IList>>, IList> run) : IContentReader
{
    private const int BytesAtOnce = 64 * 1024;

    private readonly StreamReader? _text = encoding is null ? null : new StreamReader(content, encoding, detectEncodingFromByteOrderMarks: true);
    private bool _isAtEnd;

    /// <param name="readCount">Lines or bytes wanted; all that is left where it is not positive.</param>
    public IList Read(long readCount)
    {
        if (_isAtEnd)
        {
            return Array.Empty<object>();
        }

        var wanted = isRaw || readCount <= 0 ? long.MaxValue : readCount;
        return run(token => _text is not null ? isRaw ? ReadTextAsync(token) : ReadLinesAsync(wanted, token) : ReadBytesAsync(wanted, token));
    }

    public void Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("A file of a snapshot is read from its start to its end.");

    public void Close() => Dispose();

    public void Dispose()
    {
        _text?.Dispose();
        content.Dispose();
    }

    private async Task<IList> ReadTextAsync(CancellationToken cancellationToken)
    {
        _isAtEnd = true;
        return new object[] { await _text!.ReadToEndAsync(cancellationToken) };
    }

    private async Task<IList> ReadLinesAsync(long count, CancellationToken cancellationToken)
    {
        var lines = new List<object>();
        while (lines.Count < count && !_isAtEnd)
        {
            if (await _text!.ReadLineAsync(cancellationToken) is { } line)
            {
                lines.Add(line);
            }
            else
            {
                _isAtEnd = true;
            }
        }

        return lines;
    }

    private async Task<IList> ReadBytesAsync(long count, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[BytesAtOnce];
        while (bytes.Length < count && !_isAtEnd)
        {
            var read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count - bytes.Length)), cancellationToken);
            bytes.Write(buffer, 0, read);
            _isAtEnd = read == 0;
        }

        return isRaw ? new object[] { bytes.ToArray() } : bytes.ToArray();
    }
}
