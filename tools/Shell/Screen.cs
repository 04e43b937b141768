using System.Management.Automation;
using System.Management.Automation.Internal;

namespace SecureBackup.Shell;

/// <summary>
/// The two output streams and the one progress line. Colours reach terminals only; a redirected stream gets plain text. The
/// progress line stands on standard error, is wiped before anything else is written, and does not exist where standard error or
/// standard output is redirected.
/// </summary>
internal sealed class Screen : IDisposable
{
    private const int WidthWhenRedirected = 120;

    private readonly Lock _gate = new();
    private readonly bool _isPlain = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
    private int _progressLength;
    private bool _isDiverted;

    public static bool HasTerminal => !Console.IsOutputRedirected;

    public static int Width => HasTerminal && Console.WindowWidth > 0 ? Console.WindowWidth : WidthWhenRedirected;

    public static int Height => HasTerminal && Console.WindowHeight > 0 ? Console.WindowHeight : 50;

    private static bool CanShowProgress => !Console.IsErrorRedirected && !Console.IsOutputRedirected;

    public void Write(string text)
    {
        if (_isDiverted)
        {
            WriteError(text);
        }
        else
        {
            Write(Console.Out, text, Console.IsOutputRedirected);
        }
    }

    public void WriteError(string text) => Write(Console.Error, text, Console.IsErrorRedirected);

    /// <summary>Until disposal everything goes to standard error.</summary>
    public IDisposable DivertToError()
    {
        _isDiverted = true;
        return new Diversion(this);
    }

    public void ShowProgress(string text)
    {
        if (!CanShowProgress)
        {
            return;
        }

        lock (_gate)
        {
            var line = text.Length < Width ? text : text[..Math.Max(0, Width - 1)];
            Console.Error.Write('\r' + line.PadRight(_progressLength));
            _progressLength = line.Length;
        }
    }

    public void HideProgress()
    {
        lock (_gate)
        {
            WipeProgress();
        }
    }

    public void Dispose() => HideProgress();

    private void Write(TextWriter stream, string text, bool isRedirected)
    {
        lock (_gate)
        {
            WipeProgress();
            stream.Write(isRedirected || _isPlain ? new StringDecorated(text).ToString(OutputRendering.PlainText) : text);
        }
    }

    private void WipeProgress()
    {
        if (_progressLength > 0)
        {
            Console.Error.Write('\r' + new string(' ', _progressLength) + '\r');
            _progressLength = 0;
        }
    }

    private sealed class Diversion(Screen owner) : IDisposable
    {
        public void Dispose() => owner._isDiverted = false;
    }
}
