using System.Diagnostics;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// The walk's looks at names and folders, and those of its helpers, which are sent ahead where the file system is slow to answer: a disk that must be read first, a share. They decide
/// nothing, and look at nothing that the walk would not. What they cannot read, and what they saw too long ago, the walk looks at itself.
/// </summary>
/// <param name="slow">So long an answer takes on the average before anybody is sent; zero: always.</param>
internal sealed class LookAhead(FileSystemReader reader, Func<Timestamp> now, TimeSpan slow) : IDisposable
{
    /// <summary>
    /// How many answers are waited for at once. 995 folders of documents on a share 2 ms away took 6.1 s by one, 2.0 s by four and 1.4 s by eight, and sixteen were no faster; 116,000 entries of
    /// a disk that answers after 0.1 ms 2.8 s by one and 1.9 s by eight, of which the system's own work is most.
    /// </summary>
    private const int MaxHelpers = 8;

    /// <summary>What nobody comes to, the walk has done long since.</summary>
    private const int MaxQueued = 1024;

    /// <summary>Of names in one folder. More are quicker listed once more than kept: they need a few answers, and looks at them many.</summary>
    private const int MaxNameBytes = 16 * 1024;

    /// <summary>Looks at a folder's first names are part of the job that lists it; several helpers share those at others, when the walk is there.</summary>
    private const int FirstNames = 16;

    private const int MaxListings = 64;

    /// <summary>Of so many answers is the average.</summary>
    private const int Answers = 64;

    /// <summary>Longer ones count as this: one that waited for a processor shall not be taken for a slow disk.</summary>
    private static readonly TimeSpan LongAnswer = TimeSpan.FromMicroseconds(250);

    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(2);

    /// <summary>In which time helpers shall be able to do all that has been asked for, and one of them one thing: it would be too old else.</summary>
    private static readonly TimeSpan Soon = MaxAge / 2;

    /// <summary>A share that never answers does not hold up a walk that is left for another reason.</summary>
    private static readonly TimeSpan MaxWaitAtEnd = TimeSpan.FromSeconds(5);

    /// <summary>What is about the deepest folder comes first, for there the walk is; else in the order asked for. Waited for with its monitor.</summary>
    private readonly PriorityQueue<Action, (int Height, long Number)> _jobs = new();
    private readonly List<Task> _helpers = [];
    private bool _hasHelpers;
    private volatile bool _isOver;
    private long _sumTicks;
    private long _listingTicks;
    private long _sent;
    private long _done;

    /// <summary>How many there are at most: for a run in the background half as many as threads for its other work, besides which these come.</summary>
    public int MostHelpers { get; } = Math.Clamp(TaskScheduler.Current.MaximumConcurrencyLevel / 2, 1, MaxHelpers);

    /// <summary>Whether it pays to ask ahead at the moment.</summary>
    public bool IsDue => Volatile.Read(ref _sumTicks) / Answers >= slow.Ticks;

    /// <summary>Whether folders may be listed ahead too.</summary>
    public bool ListsFolders => reader.KnowsFoldersAgain;

    /// <summary>How many jobs were handed to helpers, and how many of them are done.</summary>
    public long Sent => Volatile.Read(ref _sent);

    public long Done => Volatile.Read(ref _done);

    /// <summary>How many folders were listed, or will be, to which the walk has not come.</summary>
    public int Listings { get; private set; }

    /// <summary>How many more folders may be listed before the walk has come to some: what helpers do soon, as long as the last ones took.</summary>
    public int ListingsLeft => (int)Math.Clamp(MostHelpers * Soon.Ticks / Math.Max(1, Volatile.Read(ref _listingTicks)), MostHelpers, MaxListings) - Listings;

    /// <summary>Whether what was seen then may stand for what is there.</summary>
    public static bool IsFresh(Timestamp seenAt, Timestamp time) => seenAt <= time && time.ToDateTimeOffset() - seenAt.ToDateTimeOffset() < MaxAge;

    public EntryStat Stat(FolderNode folder, ReadOnlySpan<byte> name)
    {
        var began = Stopwatch.GetTimestamp();
        var stat = reader.Stat(folder, name);
        Count(Stopwatch.GetElapsedTime(began));
        return stat;
    }

    /// <summary>Sorted. If it throws, those names that could be read have been added.</summary>
    public void List(FolderNode folder, NameList names)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            reader.List(folder, names);
        }
        finally
        {
            Count(Stopwatch.GetElapsedTime(began));
            names.Sort();
        }
    }

    /// <summary>Looks at some of a folder's names.</summary>
    /// <param name="depth">Where the walk is.</param>
    public EarlyJob<EarlyLook?[]> Look(FolderNode folder, NameList names, int from, int count, int depth) => Send(() => LookAt(folder, names, from, count, Stopwatch.GetTimestamp()), depth);

    /// <summary>Lists a folder that the walk will enter, and looks at its first names.</summary>
    /// <param name="seen">The look that showed it.</param>
    /// <param name="isLookedInto">Told by the names in it; on a helper's thread.</param>
    public EarlyJob<EarlyListing> List(FolderNode folder, EntryStat seen, Func<NameList, bool> isLookedInto, int depth)
    {
        Listings++;
        return Send(() => ListWithLooks(folder, seen, isLookedInto), depth);
    }

    /// <summary>The walk has come to so many listed folders, or never will.</summary>
    public void Forget(int listings) => Listings -= listings;

    public void Dispose()
    {
        lock (_jobs)
        {
            _isOver = true;
            Monitor.PulseAll(_jobs);
        }

        Task.WaitAll([.. _helpers], MaxWaitAtEnd);
    }

    private EarlyJob<T> Send<T>(Func<T> find, int depth)
        where T : class
    {
        var job = new EarlyJob<T>(find);
        lock (_jobs)
        {
            if (_jobs.Count < MaxQueued)
            {
                _jobs.Enqueue(job.Run, (-depth, _sent++));
                Monitor.Pulse(_jobs);
            }
        }

        if (!_hasHelpers)
        {
            _hasHelpers = true;
            StartHelpers();
        }

        return job;
    }

    /// <summary>As those of whoever walks, in the background too, each a thread of its own.</summary>
    private void StartHelpers()
    {
        try
        {
            for (var helper = 0; helper < MostHelpers; helper++)
            {
                _helpers.Add(Task.Factory.StartNew(Help, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Current));
            }
        }
        catch (TaskSchedulerException)
        {
            // The system gives no more threads: what these do not come to, the walk does itself.
        }
    }

    private void Help()
    {
        while (NextJob() is { } run)
        {
            run();
            Interlocked.Increment(ref _done);
        }
    }

    private Action? NextJob()
    {
        lock (_jobs)
        {
            while (!_isOver && _jobs.Count == 0)
            {
                Monitor.Wait(_jobs);
            }

            return _isOver ? null : _jobs.Dequeue();
        }
    }

    private EarlyLook?[] LookAt(FolderNode folder, NameList names, int from, int count, long began)
    {
        var looks = new EarlyLook?[count];
        for (var i = 0; i < count && !_isOver && Stopwatch.GetElapsedTime(began) < Soon; i++)
        {
            try
            {
                var seenAt = now();
                looks[i] = new EarlyLook(Stat(folder, names[from + i]), seenAt);
            }
            catch (SourceFaultException)
            {
                // The walk looks once more, and what is wrong then is listed.
            }
        }

        return looks;
    }

    private EarlyListing ListWithLooks(FolderNode folder, EntryStat seen, Func<NameList, bool> isLookedInto)
    {
        var names = new NameList { MaxBytes = MaxNameBytes };
        var (seenAt, began) = (now(), Stopwatch.GetTimestamp());
        try
        {
            List(folder, names);
            var looks = LookAt(folder, names, 0, !names.IsFull && isLookedInto(names) ? Math.Min(names.Count, FirstNames) : 0, began);
            return new EarlyListing(folder, seen, names.IsFull ? null : names, seenAt, looks);
        }
        catch (SourceFaultException)
        {
            // Nor does this say what a folder has.
            return new EarlyListing(folder, seen, null, seenAt, []);
        }
        finally
        {
            var average = Volatile.Read(ref _listingTicks);
            Volatile.Write(ref _listingTicks, average + ((Stopwatch.GetElapsedTime(began).Ticks - average) / MaxHelpers));
        }
    }

    /// <summary>By several at once, without a lock: an answer that is lost in the average matters to nobody.</summary>
    private void Count(TimeSpan answer)
    {
        var sum = Volatile.Read(ref _sumTicks);
        Volatile.Write(ref _sumTicks, sum + Math.Min(answer.Ticks, LongAnswer.Ticks) - (sum / Answers));
    }
}

/// <param name="SeenAt">Before the look.</param>
internal readonly record struct EarlyLook(EntryStat Stat, Timestamp SeenAt);

/// <param name="Seen">The look that showed the folder, before it was listed.</param>
/// <param name="Names">Sorted; null where the walk must list the folder itself.</param>
/// <param name="SeenAt">Before it was listed.</param>
/// <param name="Looks">At the first of the names, null where there is none.</param>
internal sealed record EarlyListing(FolderNode Folder, EntryStat Seen, NameList? Names, Timestamp SeenAt, EarlyLook?[] Looks)
{
    /// <summary>What was asked about the names; the walk's own.</summary>
    public EarlyNames? Early { get; set; }
}
