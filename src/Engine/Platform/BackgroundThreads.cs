using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// A few threads of the lowest priority that the system lets anybody take, on which a run's own steps are done one after another. What the run awaits and the
/// stages that it starts stay on them; what the runtime does for it elsewhere (asynchronous file calls) keeps the usual priority.
/// </summary>
/// <remarks>
/// Linux: nice 19, from which the disk's scheduler takes its own lowest best-effort level, where it knows levels. Windows: the background mode of threads (processor,
/// disk and memory). macOS: the background band of threads (processor and disk). A system that refuses leaves the threads as they are; there are few of them all the same.
/// </remarks>
internal sealed class BackgroundThreads : TaskScheduler, IDisposable
{
    [ThreadStatic]
    private static BackgroundThreads? _current;

    private readonly BlockingCollection<Task> _tasks = [];
    private readonly List<Thread> _workers = [];

    public BackgroundThreads(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        MaximumConcurrencyLevel = count;
        try
        {
            for (var i = 0; i < count; i++)
            {
                _workers.Add(Start(WorkThroughQueue));
            }
        }
        catch
        {
            _tasks.CompleteAdding();
            throw;
        }
    }

    public override int MaximumConcurrencyLevel { get; }

    /// <summary>Returns when all that was queued has ended. A task with a thread of its own is waited for by whoever started it: it may hang in a share that never answers.</summary>
    public void Dispose()
    {
        _tasks.CompleteAdding();
        foreach (var worker in _workers)
        {
            worker.Join();
        }

        _tasks.Dispose();
    }

    /// <summary>A task that blocks gets a thread of its own, so that it never holds up the others.</summary>
    protected override void QueueTask(Task task)
    {
        if (task.CreationOptions.HasFlag(TaskCreationOptions.LongRunning))
        {
            Start(() => TryExecuteTask(task));
        }
        else
        {
            _tasks.Add(task);
        }
    }

    /// <summary>A task that waits in the queue too: else all threads may wait for what none is left to begin. What the queue gives out later has run already.</summary>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => _current == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [.. _tasks];

    private void WorkThroughQueue()
    {
        foreach (var task in _tasks.GetConsumingEnumerable())
        {
            TryExecuteTask(task);
        }
    }

    private Thread Start(Action work)
    {
        var thread = new Thread(() =>
        {
            _current = this;
            BackgroundPriority.Take();
            work();
        })
        {
            IsBackground = true,
            Name = "SecureBackup in the background",
        };
        thread.Start();
        return thread;
    }
}

/// <summary>The calls by which a thread steps back behind all others.</summary>
internal static partial class BackgroundPriority
{
    private const int Process = 0;
    private const int LowestNice = 19;
    private const int DarwinThread = 3;
    private const int DarwinBackground = 0x1000;
    private const int WindowsBackgroundBegin = 0x00010000;

    /// <summary>For the calling thread until it ends.</summary>
    public static void Take()
    {
        if (OperatingSystem.IsLinux())
        {
            // The kernel's nice value belongs to a thread, and 0 names the calling one.
            _ = SetPriority(Process, 0, LowestNice);
        }
        else if (OperatingSystem.IsMacOS())
        {
            _ = SetPriority(DarwinThread, 0, DarwinBackground);
        }
        else if (OperatingSystem.IsWindows())
        {
            _ = SetThreadPriority(GetCurrentThread(), WindowsBackgroundBegin);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);

    [LibraryImport("kernel32", EntryPoint = "GetCurrentThread")]
    private static partial nint GetCurrentThread();

    [LibraryImport("kernel32", EntryPoint = "SetThreadPriority")]
    private static partial int SetThreadPriority(nint thread, int priority);
}
