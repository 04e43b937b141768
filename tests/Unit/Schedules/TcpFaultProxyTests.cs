using System.Net;
using System.Net.Sockets;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>The proxy does to a connection what the schedule says, and otherwise nothing. The server here says everything back.</summary>
public sealed class TcpFaultProxyTests : IAsyncLifetime
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(static index => (byte)index)];

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly List<byte> _received = [];
    private readonly List<Task> _echoes = [];
    private TcpFaultProxy _proxy = null!;
    private Task _serving = Task.CompletedTask;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _server.Start();
        _serving = ServeAsync();
        _proxy = new TcpFaultProxy(((IPEndPoint)_server.LocalEndpoint).Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
        await _serving;
    }

    [Theory]
    [InlineData(FaultKind.None)]
    [InlineData(FaultKind.Drip)]
    [InlineData(FaultKind.Duplicate)]
    [InlineData(FaultKind.StaleListing)]
    public async Task What_is_whole_comes_whole(FaultKind kind)
    {
        Assert.Equal(Content, await SayAsync(kind));
        Assert.Equal(Content, _received);
    }

    [Theory]
    [InlineData(FaultKind.Reset, 0, 0)]
    [InlineData(FaultKind.ServerError, 0, 0)]
    [InlineData(FaultKind.Busy, 0, 0)]
    [InlineData(FaultKind.TooMany, 0, 0)]
    [InlineData(FaultKind.CutRequest, 500, 500)]
    [InlineData(FaultKind.LostAnswer, 1000, 0)]
    [InlineData(FaultKind.CutAnswer, 1000, 500)]
    public async Task A_line_breaks_where_it_should(FaultKind kind, int reachesServer, int mostAnswered)
    {
        Assert.InRange((await SayAsync(kind)).Length, 0, mostAnswered);
        Assert.Equal(Content[..reachesServer], _received);
    }

    [Theory]
    [InlineData(FaultKind.CorruptRequest)]
    [InlineData(FaultKind.CorruptAnswer)]
    public async Task What_is_changed_differs_in_one_bit(FaultKind kind)
    {
        var said = await SayAsync(kind);

        Assert.Equal(kind == FaultKind.CorruptRequest ? 1 : 0, Difference(_received));
        Assert.Equal(1, Difference(said));
    }

    [Fact]
    public async Task A_line_that_hangs_says_nothing_and_others_go_on()
    {
        var schedule = FaultSchedule.Of(FaultKind.Hang);
        _proxy.Begin(schedule);
        using var hanging = new TcpClient();
        await hanging.ConnectAsync(IPAddress.Loopback, _proxy.Port, Cancel);
        await hanging.GetStream().WriteAsync(Content, Cancel);
        while (_echoes.Count == 0)
        {
            await Task.Yield();
        }

        var answer = hanging.GetStream().ReadAsync(new byte[1], Cancel).AsTask();
        while (schedule.Happened.Count == 0)
        {
            await Task.Yield();
        }

        Assert.Equal(Content, await SayAsync(FaultKind.None));
        Assert.Equal(Content, _received);
        Assert.False(answer.IsCompleted);
    }

    private static int Difference(IEnumerable<byte> bytes) => bytes.Zip(Content).Sum(static pair => int.PopCount(pair.First ^ pair.Second));

    /// <summary>What comes back until all has, or the line ends.</summary>
    private async Task<byte[]> SayAsync(FaultKind kind)
    {
        _proxy.Begin(FaultSchedule.Of(kind));
        var answer = new byte[Content.Length];
        var earlier = _echoes.Count;
        var count = await SayAsync(answer);
        while (_echoes.Count == earlier)
        {
            await Task.Yield();
        }

        await _echoes[^1];
        return answer[..count];
    }

    private async Task<int> SayAsync(byte[] answer)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port, Cancel);
        try
        {
            await client.GetStream().WriteAsync(Content, Cancel);
            return await client.GetStream().ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, Cancel);
        }
        catch (IOException)
        {
            // The line was reset.
            return 0;
        }
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _echoes.Add(EchoAsync(await _server.AcceptTcpClientAsync(CancellationToken.None)));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task EchoAsync(TcpClient client)
    {
        using var own = client;
        try
        {
            var buffer = new byte[4096];
            while (await client.GetStream().ReadAsync(buffer) is > 0 and var count)
            {
                _received.AddRange(buffer[..count]);
                await client.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (IOException)
        {
            // The line was reset.
        }
    }
}
