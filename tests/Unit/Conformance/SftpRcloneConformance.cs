using System.Collections.Immutable;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Sftp;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A folder of a server whose rename replaces what has the name already, as that of every server does which is built on Go's package.</summary>
public sealed class SftpRcloneConformance : TargetConformance
{
    private RcloneServer _server = null!;
    private string _folder = "";

    protected override TargetCapabilities Expected { get; } = new()
    {
        ConditionalPut = false,
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

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = ImmutableDictionary<string, string>.Empty.Add(
        nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes), "The server's rename replaces; a look before it is no atomic step.");

    protected override async ValueTask<Target> CreateAsync()
    {
        _server = await TestServers.PasswordSshAsync();
        _folder = _server.CreateFolder();
        return Open("vault");
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Open("vault-2"));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(OpenAt($"{_folder}/missing"));

    protected override Task PutStrangerAsync(string name)
    {
        var path = Path.Join(_server.Root, _folder, "vault", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return File.WriteAllBytesAsync(path, [9], Cancel);
    }

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();

        // A put that broke off may leave its temporary, whose deletion came before the server was done with it.
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.Join(_server.Root, _folder), "*", SearchOption.AllDirectories), static path => !Path.GetFileName(path).StartsWith(".sb-tmp-", StringComparison.Ordinal));
    }

    private Target Open(string folder)
    {
        Directory.CreateDirectory(Path.Join(_server.Root, _folder, folder));
        return OpenAt($"{_folder}/{folder}");
    }

    private Target OpenAt(string folder) =>
        SftpPlace.Open(_server.SftpAddress.Replace("/?", $"/{folder}?", StringComparison.Ordinal), TargetCredential.Of(_server.User, _server.Password, "of the test"));
}
