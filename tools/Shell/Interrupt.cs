using System.Management.Automation;

namespace SecureBackup.Shell;

/// <summary>
/// Ctrl+C stops what runs, so that <c>finally</c> blocks and a cmdlet's <c>StopProcessing</c> do their work; it never ends the
/// process itself.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private readonly Lock _gate = new();
    private PowerShell? _running;
    private bool _wasRequested;

    public Interrupt() => Console.CancelKeyPress += OnCancelKeyPress;

    /// <summary>Whether Ctrl+C came since the last <see cref="Watch"/> or <see cref="Forget"/>.</summary>
    public bool WasRequested
    {
        get
        {
            lock (_gate)
            {
                return _wasRequested;
            }
        }
    }

    /// <summary>From now until disposal Ctrl+C stops <paramref name="shell"/>.</summary>
    public IDisposable Watch(PowerShell shell)
    {
        lock (_gate)
        {
            _running = shell;
        }

        return new Watching(this);
    }

    public void Forget()
    {
        lock (_gate)
        {
            _wasRequested = false;
        }
    }

    public void Dispose() => Console.CancelKeyPress -= OnCancelKeyPress;

    private void OnCancelKeyPress(object? sender, ConsoleCancelEventArgs e)
    {
        e.Cancel = true;
        lock (_gate)
        {
            _wasRequested = true;
            _running?.BeginStop(null, null);
        }
    }

    private sealed class Watching(Interrupt owner) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._running = null;
            }
        }
    }
}
