using System.Runtime.ExceptionServices;

namespace SecureBackup.PowerShell.Rendering;

/// <summary>Engine work on the thread pool, whose output the calling thread writes meanwhile.</summary>
internal static class EngineRun
{
    /// <summary>Returns when the work has ended and all that it wrote is written.</summary>
    /// <param name="stop">Cancelled also when whoever reads the output wants no more; that exception goes on once the work has ended.</param>
    /// <returns>What the work threw; null where it ended well.</returns>
    public static ExceptionDispatchInfo? Pump(IStreamWriter streams, CancellationTokenSource stop, Func<PipelineGate, CancellationToken, Task> work)
    {
        using var gate = new PipelineGate();
        var token = stop.Token;
        var run = Task.Run(() => gate.RunAsync(work, token), CancellationToken.None);
        var isPumped = false;
        try
        {
            gate.Pump(streams);
            isPumped = true;
        }
        finally
        {
            if (!isPumped)
            {
                // A stop, Select-Object -First, -ErrorAction Stop.
                stop.Cancel();
                gate.Drain();
                AwaitEnd(run);
            }
        }

        try
        {
            run.GetAwaiter().GetResult();
            return null;
        }
        catch (Exception failure)
        {
            return ExceptionDispatchInfo.Capture(failure);
        }
    }

    private static void AwaitEnd(Task run) => ((IAsyncResult)run).AsyncWaitHandle.WaitOne();
}
