using Microsoft.AspNetCore.Http;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Life;

/// <summary>A server that can be killed and started again, behind a proxy that passes everything on, counts packs, and knows when the server's hour has come.</summary>
internal sealed class MortalStore : IAsyncDisposable
{
    private readonly FaultProxy _proxy;
    private readonly Func<Task> _kill;
    private readonly Func<Task> _startAgain;
    private Task _revival = Task.CompletedTask;
    private int _packsLeft;
    private bool _comesBack;

    private MortalStore(FaultProxy proxy, Func<HttpRequest, bool> isPack, Func<Task> kill, Func<Task> startAgain)
    {
        _proxy = proxy;
        _kill = kill;
        _startAgain = startAgain;
        proxy.Passed = (request, answer) => request.Method is "PUT" or "POST" && answer.Status is 200 or 201 && isPack(request) ? SeePackAsync(request) : Task.CompletedTask;
    }

    /// <summary>Where clients go; ends with a slash.</summary>
    internal Uri Address => _proxy.Address;

    internal bool IsDead { get; private set; }

    /// <summary>Packs stored, and their bytes on the way, since the last time that a death was planned.</summary>
    internal int Packs { get; private set; }

    internal long PackBytes { get; private set; }

    internal static async Task<MortalStore> StartAsync(Uri store, Func<HttpRequest, bool> isPack, Func<Task> kill, Func<Task> startAgain) =>
        new(await FaultProxy.StartAsync(store, static _ => false), isPack, kill, startAgain);

    /// <summary>After so many packs more. The third is stored when it dies, and whoever put it is told so.</summary>
    internal void DieAfter(int packs, bool comesBack)
    {
        (Packs, PackBytes) = (0, 0);
        (_packsLeft, _comesBack) = (packs, comesBack);
        _proxy.SaysWhenAway = !comesBack;
    }

    internal void CountAnew() => (Packs, PackBytes) = (0, 0);

    internal async Task ReviveAsync()
    {
        await _startAgain();
        IsDead = false;
    }

    /// <summary>How many requests found nobody, once it is there again.</summary>
    internal async Task<int> RevivedAsync()
    {
        await _revival;
        return _proxy.Unanswered;
    }

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    private async Task SeePackAsync(HttpRequest request)
    {
        Packs++;
        PackBytes += request.ContentLength ?? 0;
        if (--_packsLeft != 0)
        {
            return;
        }

        await _kill();
        IsDead = true;
        _revival = _comesBack ? Task.Run(ReviveAsync) : Task.CompletedTask;
    }
}
