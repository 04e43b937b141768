using System.Net;
using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>The proxy does what the schedule says, and otherwise nothing.</summary>
public sealed class FaultProxyTests : IAsyncLifetime
{
    private const string Listing = "list?of=everything";

    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(static index => (byte)index)];

    private readonly List<(string Request, string Host, byte[] Body)> _received = [];
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private LoopbackServer _store = null!;
    private FaultProxy _proxy = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await LoopbackServer.StartAsync(AnswerAsync);
        _proxy = await FaultProxy.StartAsync(_store.Address, static request => request.Path == "/list");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _proxy.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_fault_the_store_gets_the_request_as_it_was_sent()
    {
        using var answer = await SendAsync(FaultKind.None, HttpMethod.Put, "a%2Fb/c%20d?x=%2B&y");

        Assert.Equal("PUT /a%2Fb/c%20d?x=%2B&y", Assert.Single(_received).Request);
        Assert.Equal(_proxy.Address.Authority, _received[0].Host);
        Assert.Equal(Content, _received[0].Body);
        Assert.Equal("of the store", Assert.Single(answer.Headers.GetValues("x-mark")));
        Assert.Equal("1", await answer.Content.ReadAsStringAsync(Cancel));
    }

    [Theory]
    [InlineData(FaultKind.ServerError, 500)]
    [InlineData(FaultKind.Busy, 503)]
    [InlineData(FaultKind.TooMany, 429)]
    public async Task What_is_refused_does_not_reach_the_store(FaultKind kind, int status)
    {
        using var answer = await SendAsync(kind, HttpMethod.Put, "a");

        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        Assert.Equal(kind == FaultKind.Busy, answer.Headers.RetryAfter is not null);
        Assert.Empty(_received);
    }

    [Theory]
    [InlineData(FaultKind.Reset, 0)]
    [InlineData(FaultKind.CutRequest, 0)]
    [InlineData(FaultKind.LostAnswer, 1)]
    [InlineData(FaultKind.CutAnswer, 1)]
    public async Task A_line_that_breaks_is_an_error_whether_the_store_has_the_request_or_not(FaultKind kind, int whole)
    {
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => SendAsync(kind, HttpMethod.Put, "a"));

        Assert.Equal(whole, _received.Count(received => received.Body.Length == Content.Length));
    }

    [Fact]
    public async Task A_line_that_hangs_says_nothing_until_it_is_left()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var schedule = FaultSchedule.Of(FaultKind.Hang);
        _proxy.Begin(schedule);
        var sending = _client.GetAsync(new Uri(_proxy.Address, "a"), patience.Token);
        while (schedule.Happened.Count == 0)
        {
            await Task.Yield();
        }

        using var other = await _client.GetAsync(new Uri(_proxy.Address, "b"), Cancel);
        Assert.False(sending.IsCompleted);

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.Equal("GET /b", Assert.Single(_received).Request);
    }

    [Fact]
    public async Task What_is_doubled_is_done_twice_and_the_second_answer_given()
    {
        using var answer = await SendAsync(FaultKind.Duplicate, HttpMethod.Put, "a");

        Assert.Equal("2", await answer.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(["PUT /a", "PUT /a"], _received.Select(static received => received.Request));
    }

    [Fact]
    public async Task An_old_listing_is_the_one_of_before_and_comes_once()
    {
        _proxy.Begin(FaultSchedule.Of(FaultKind.None, FaultKind.StaleListing));
        var said = new List<string>();
        foreach (var what in new[] { Listing, "a", "list?of=others", Listing, Listing })
        {
            said.Add(await _client.GetStringAsync(new Uri(_proxy.Address, what), Cancel));
        }

        Assert.Equal(["1", "2", "3", "1", "5"], said);
    }

    [Theory]
    [InlineData(FaultKind.CorruptRequest)]
    [InlineData(FaultKind.CorruptAnswer)]
    public async Task What_is_changed_differs_in_one_bit(FaultKind kind)
    {
        using var answer = await SendAsync(kind, HttpMethod.Put, "a");
        var said = await answer.Content.ReadAsByteArrayAsync(Cancel);

        Assert.Equal(kind == FaultKind.CorruptRequest ? 1 : 0, Assert.Single(_received).Body.Zip(Content).Sum(static pair => int.PopCount(pair.First ^ pair.Second)));
        Assert.Equal(kind == FaultKind.CorruptAnswer ? 1 : 0, int.PopCount(Assert.Single(said) ^ '1'));
    }

    [Fact]
    public async Task The_body_of_an_object_is_not_changed_unless_it_is_asked_for()
    {
        using (var answer = await SendAsync(FaultKind.None, HttpMethod.Get, "a"))
        {
            Assert.Equal("1", await answer.Content.ReadAsStringAsync(Cancel));
        }

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => SendAsync(FaultKind.CorruptAnswer, HttpMethod.Get, "a"));
        _proxy.CorruptsObjects = true;
        using var changed = await SendAsync(FaultKind.CorruptAnswer, HttpMethod.Get, "a");
        Assert.NotEqual("3", await changed.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task A_slow_answer_comes_whole()
    {
        using var answer = await SendAsync(FaultKind.Drip, HttpMethod.Post, "echo");

        Assert.Equal(Content, await answer.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Fact]
    public void A_schedule_is_the_same_for_the_same_seed()
    {
        Assert.Equal(Faults(FaultSchedule.Few(7, 20)), Faults(FaultSchedule.Few(7, 20)));
        Assert.NotEqual(Faults(FaultSchedule.Few(7, 20)), Faults(FaultSchedule.Few(8, 20)));
        Assert.Equal(14, Faults(FaultSchedule.Outage(3, 5, 14)).Count(static kind => kind != FaultKind.None));
        Assert.DoesNotContain(FaultKind.Hang, Faults(FaultSchedule.Rate(1, 1, FaultKind.Hang)));
        Assert.All(Faults(FaultSchedule.None()), static kind => Assert.Equal(FaultKind.None, kind));
    }

    private static List<FaultKind> Faults(FaultSchedule schedule) => [.. Enumerable.Range(0, 500).Select(_ => schedule.Next())];

    private async Task<HttpResponseMessage> SendAsync(FaultKind kind, HttpMethod method, string what)
    {
        _proxy.Begin(FaultSchedule.Of(kind));
        using var request = new HttpRequestMessage(method, $"{_proxy.Address}{what}") { Content = method == HttpMethod.Get ? null : new ByteArrayContent(Content) };
        return await _client.SendAsync(request, Cancel);
    }

    /// <summary>How many requests came whole so far; or the body itself.</summary>
    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        lock (_received)
        {
            var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            _received.Add(($"{context.Request.Method} {target}", context.Request.Host.Value!, body.ToArray()));
        }

        context.Response.Headers["x-mark"] = "of the store";
        await (context.Request.Path == "/echo" ? context.Response.Body.WriteAsync(body.ToArray()).AsTask() : context.Response.WriteAsync($"{_received.Count}"));
    }
}
