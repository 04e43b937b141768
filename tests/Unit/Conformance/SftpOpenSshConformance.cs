using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Sftp;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A folder of an OpenSSH server.</summary>
public sealed class SftpOpenSshConformance : TargetConformance
{
    private SshServer _server = null!;
    private string _folder = "";

    protected override TargetCapabilities Expected { get; } = new()
    {
        ConditionalPut = true,
        ListAfterWrite = true,
        EnforcesWriteOnce = false,
        ObjectLock = false,
        Versions = false,
        LegalHold = false,
        ServerChecksum = false,
        MaxObjectBytes = 64L << 30,
        ParallelPuts = 2,
        StoreTimeTolerance = TimeSpan.FromSeconds(2),
    };

    private string Own => Path.Combine(_folder, "vault");

    protected override async ValueTask<Target> CreateAsync()
    {
        _server = await TestServers.SshAsync();
        _folder = _server.CreateFolder();
        return Open("vault");
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Open("vault-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(SftpPlace.Open(_server.AddressOf($"{_folder}/missing")));

    protected override Task PutStrangerAsync(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(Own, name))!);
        return File.WriteAllBytesAsync(Path.Join(Own, name), [9], Cancel);
    }

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Empty(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories));
    }

    private Target Open(string folder) => SftpPlace.Open($"{_server.AddressOf(Directory.CreateDirectory(Path.Combine(_folder, folder)).FullName)}&conditionalput=yes");
}
