using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Tests.Servers.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Sftp;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>OpenSSH behind a proxy that cannot read what it carries: lines break in the middle of anything, a login too.</summary>
public sealed class SftpFaultScheduleTests : FaultScheduleTests, IAsyncLifetime
{
    private SshServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServers.OwnSshAsync(hasQuickLogins: true);

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override Task<ScheduleLane> OpenAsync() => Task.FromResult<ScheduleLane>(new SftpLane(_server));
}

/// <summary>A folder of an OpenSSH server.</summary>
internal sealed class SftpLane : ScheduleLane
{
    /// <summary>A login costs both sides a lot, which on a busy machine takes its time.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(3);

    private readonly TcpFaultProxy _proxy;
    private readonly string _folder;

    internal SftpLane(SshServer server)
    {
        _folder = server.CreateFolder();
        _proxy = new TcpFaultProxy(server.Port);
        Faulty = new RetryTarget(SftpPlace.Open(server.AddressOf(_folder, port: _proxy.Port), stallTimeout: Stall), Patience);
        Clean = SftpPlace.Open(server.AddressOf(_folder));
    }

    internal override Target Faulty { get; }

    internal override Target Clean { get; }

    /// <summary>Pieces on the wire, of which each call has several.</summary>
    internal override int UsualRequests => 80;

    internal override double FaultRate => 0.01;

    internal override void Begin(FaultSchedule schedule) => _proxy.Begin(schedule);

    /// <summary>A changed bit ends an SSH connection: no object ever comes through with one.</summary>
    internal override void CorruptObjects()
    {
    }

    internal override Task<IReadOnlyList<string>> LeftoversAsync() =>
        Task.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFiles(_folder, ".*", SearchOption.AllDirectories)]);

    /// <summary>Over a line that broke nothing can be taken away: a later run sweeps it.</summary>
    internal override int MostLeftovers(IReadOnlyList<FaultKind> happened) => happened.Count;

    public override async ValueTask DisposeAsync()
    {
        await Faulty.DisposeAsync();
        await Clean.DisposeAsync();
        await _proxy.DisposeAsync();
    }
}
