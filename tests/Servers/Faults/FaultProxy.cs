using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Doubles;

namespace SecureBackup.Tests.Servers.Faults;

/// <summary>
/// Stands before a store that speaks HTTP and lets requests go wrong as its schedule says. What it passes on is the request as it was signed, host and path included.
/// The store gets one request after the other, so that one whose sender has given up is never overtaken by the sender's next.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int MaxBodyBytes = 64 << 20;

    private readonly StoreLine _line;
    private readonly Func<HttpRequest, bool> _isListing;
    private readonly Dictionary<string, StoreAnswer> _listings = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);
    private LoopbackServer _server = null!;
    private FaultSchedule _schedule = FaultSchedule.None();
    private bool _isNextListingOld;
    private int _unanswered;

    private FaultProxy(Uri store, Func<HttpRequest, bool> isListing)
    {
        _line = new StoreLine(store);
        _isListing = isListing;
    }

    /// <summary>Where clients go; ends with a slash.</summary>
    public Uri Address => _server.Address;

    /// <summary>Whether the bodies of objects may be changed on the way too, which no store's protocol notices.</summary>
    public bool CorruptsObjects { get; set; }

    /// <summary>What of a request's body the store proves by a sum: nothing else is changed on the way, since nothing would notice.</summary>
    public Func<HttpRequest, byte[], Range> Proved { get; set; } = static (_, _) => Range.All;

    /// <summary>Sees every request once it has been answered, before the answer goes on and before the store gets another.</summary>
    public Func<HttpRequest, StoreAnswer, Task>? Passed { get; set; }

    /// <summary>Whether it says so where the store is not there, and when to ask again, as a balancer does; else the line breaks.</summary>
    public bool SaysWhenAway { get; set; }

    /// <summary>Requests that the store was not there for.</summary>
    public int Unanswered => _unanswered;

    /// <param name="isListing">Such answers may be old, and may be changed: no store's protocol proves them.</param>
    public static async Task<FaultProxy> StartAsync(Uri store, Func<HttpRequest, bool> isListing)
    {
        var proxy = new FaultProxy(store, isListing);
        proxy._server = await LoopbackServer.StartAsync(proxy.AnswerAsync);
        return proxy;
    }

    public void Begin(FaultSchedule schedule)
    {
        _schedule = schedule;
        _isNextListingOld = false;
        _listings.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _line.Dispose();
        _turn.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var schedule = _schedule;
        var body = await ReadAsync(context.Request);
        var fault = Fitting(schedule.Next(), context.Request, body);
        switch (fault)
        {
            case FaultKind.ServerError or FaultKind.Busy or FaultKind.TooMany:
                schedule.Note(fault);
                await RefuseAsync(context, fault, schedule);
                return;
            case FaultKind.Reset:
                schedule.Note(fault);
                context.Abort();
                return;
            case FaultKind.Hang:
                schedule.Note(fault);
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
                return;
        }

        StoreAnswer? answer;
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            answer = await PassAsync(context.Request, body, fault, schedule);
            await (answer is null ? Task.CompletedTask : Passed?.Invoke(context.Request, answer) ?? Task.CompletedTask);
        }
        finally
        {
            _turn.Release();
        }

        if (answer is null)
        {
            context.Abort();
            return;
        }

        await GiveAsync(context, answer, fault, schedule);
    }

    /// <summary>Nothing can be cut out of a body that is not there, or changed in one that nothing proves; nor in what WebDAV says of one object.</summary>
    private FaultKind Fitting(FaultKind planned, HttpRequest request, byte[] body) => planned switch
    {
        FaultKind.CutRequest when body.Length == 0 => FaultKind.Reset,
        FaultKind.CorruptRequest when Proved(request, body).GetOffsetAndLength(body.Length).Length == 0 => FaultKind.Reset,
        FaultKind.CorruptAnswer when !_isListing(request) && (request.Method is "PROPFIND" || (!CorruptsObjects && HttpMethods.IsGet(request.Method))) => FaultKind.CutAnswer,
        _ => planned,
    };

    /// <returns>Null where the store's answer, if there is one, goes no further.</returns>
    private async Task<StoreAnswer?> PassAsync(HttpRequest request, byte[] body, FaultKind fault, FaultSchedule schedule)
    {
        switch (fault)
        {
            case FaultKind.CutRequest:
                schedule.Note(fault);
                await _line.SendHalfAsync(request, body);
                return null;
            case FaultKind.CorruptRequest:
                schedule.Note(fault);
                return await _line.SendAsync(request, Flip(body, Proved(request, body), schedule));
            case FaultKind.Duplicate:
                schedule.Note(fault);
                await _line.SendAsync(request, body);
                return await _line.SendAsync(request, body);
            case FaultKind.LostAnswer:
                schedule.Note(fault);
                await _line.SendAsync(request, body);
                return null;
        }

        _isNextListingOld |= fault == FaultKind.StaleListing;
        var answer = await _line.SendAsync(request, body) ?? Away();
        return answer is not null && _isListing(request) ? Earlier($"{request.Method} {StoreLine.TargetOf(request)}", answer, schedule) : answer;
    }

    private StoreAnswer? Away()
    {
        Interlocked.Increment(ref _unanswered);
        return SaysWhenAway ? new StoreAnswer(502, [KeyValuePair.Create("Retry-After", new[] { "1" })], []) : null;
    }

    /// <summary>The first answer to the same listing, where an old one is due.</summary>
    private StoreAnswer Earlier(string listing, StoreAnswer answer, FaultSchedule schedule)
    {
        if (_listings.TryAdd(listing, answer) || !_isNextListingOld)
        {
            return answer;
        }

        _isNextListingOld = false;
        schedule.Note(FaultKind.StaleListing);
        return _listings[listing];
    }

    private async Task GiveAsync(HttpContext context, StoreAnswer answer, FaultKind fault, FaultSchedule schedule)
    {
        var body = answer.Body;
        if (fault == FaultKind.CutAnswer)
        {
            schedule.Note(fault);
            if (body.Length == 0)
            {
                context.Abort();
                return;
            }
        }
        else if (fault == FaultKind.CorruptAnswer && body.Length > 0)
        {
            schedule.Note(fault);
            body = Flip(body, Range.All, schedule);
        }

        try
        {
            answer.CopyHeadTo(context.Response);
            switch (fault)
            {
                case FaultKind.CutAnswer:
                    await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    context.Abort();
                    break;
                case FaultKind.Drip:
                    await DripAsync(context, body);
                    break;
                default:
                    await context.Response.Body.WriteAsync(body, context.RequestAborted);
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for it any more.
        }
    }

    /// <summary>A KiB a millisecond, for as long as that is slow; what is left then comes at once.</summary>
    private static async Task DripAsync(HttpContext context, byte[] body)
    {
        const int Drop = 1024;
        var end = Math.Min(body.Length, 64 * Drop);
        for (var offset = 0; offset < end; offset += Drop)
        {
            await context.Response.Body.WriteAsync(body.AsMemory(offset, Math.Min(Drop, end - offset)), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(1, context.RequestAborted);
        }

        await context.Response.Body.WriteAsync(body.AsMemory(end), context.RequestAborted);
    }

    /// <summary>By the store itself, which says nothing more, or by a balancer before it, which has a page for people.</summary>
    private static async Task RefuseAsync(HttpContext context, FaultKind fault, FaultSchedule schedule)
    {
        context.Response.StatusCode = fault switch { FaultKind.Busy => 503, FaultKind.TooMany => 429, _ => 500 };
        if (fault == FaultKind.Busy)
        {
            context.Response.Headers.RetryAfter = schedule.Pick(2) == 0 ? "0" : "1";
        }

        if (schedule.Pick(2) == 0 && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html><head><title>Sorry</title></head><body><p>Something went wrong.</body></html>");
        }
    }

    private static byte[] Flip(byte[] bytes, Range part, FaultSchedule schedule)
    {
        var (from, length) = part.GetOffsetAndLength(bytes.Length);
        var flipped = (byte[])bytes.Clone();
        flipped[from + schedule.Pick(length)] ^= (byte)(1 << schedule.Pick(8));
        return flipped;
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return body.Length <= MaxBodyBytes ? body.ToArray() : throw new InvalidOperationException($"A request of {body.Length} bytes is longer than the proxy holds.");
    }
}
