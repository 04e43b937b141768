using System.Collections.Immutable;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.WebDav;

namespace SecureBackup.Tests.Unit.Conformance;

public abstract class WebDavConformance : TargetConformance
{
    private string _folder = "";

    protected override TargetCapabilities Expected => new()
    {
        ConditionalPut = MovesAtomically,
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

    protected override IReadOnlyDictionary<string, string> Exemptions => MovesAtomically ? Common : Common.SetItem(
        nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes), "mod_dav looks whether the name is taken and renames then, which is not one step.");

    private static ImmutableDictionary<string, string> Common { get; } = ImmutableDictionary<string, string>.Empty.Add(
        nameof(Each_request_is_counted_and_a_fetch_is_one), "A put is sent, looked at and moved, and before a delete is looked whether it is a folder: WebDavTargetTests hold the number.");

    protected abstract bool MovesAtomically { get; }

    /// <summary>The folder of all of this server's tests, on this machine.</summary>
    protected abstract string Root { get; }

    protected abstract Task<string> CreateFolderAsync();

    protected abstract Target Open(string folder);

    /// <summary>A request that breaks off may leave its temporary, whose deletion came before the server was done with it.</summary>
    protected virtual bool LeavesTemporaries => false;

    protected virtual void Prepare(string folder)
    {
    }

    protected override async ValueTask<Target> CreateAsync()
    {
        _folder = await CreateFolderAsync();
        return Open(Make("vault"));
    }

    protected override ValueTask<Target> CreateNeighbourAsync() => ValueTask.FromResult(Open(Make("vault-2")));

    protected override ValueTask<Target> CreateWithoutPlaceAsync() => ValueTask.FromResult(Open($"{_folder}/missing"));

    protected override Task PutStrangerAsync(string name)
    {
        var path = Path.Join(Root, _folder, "vault", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return File.WriteAllBytesAsync(path, [9], Cancel);
    }

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Join(Root, _folder), "*", SearchOption.AllDirectories), path => !LeavesTemporaries || !Path.GetFileName(path).StartsWith(".sb-tmp-", StringComparison.Ordinal));
    }

    private string Make(string name)
    {
        Prepare(Directory.CreateDirectory(Path.Join(Root, _folder, name)).FullName);
        return $"{_folder}/{name}";
    }
}

/// <summary>Apache's mod_dav, over TLS with an authority of its own.</summary>
public sealed class WebDavApacheConformance : WebDavConformance
{
    private ApacheDav _server = null!;

    protected override bool MovesAtomically => false;

    protected override string Root => _server.Root;

    protected override async Task<string> CreateFolderAsync()
    {
        _server = await TestServers.ApacheAsync();
        return _server.CreateFolder();
    }

    protected override void Prepare(string folder) => ApacheDav.Open(folder);

    protected override Target Open(string folder) => DavPlace.Open($"davs://{_server.SecureAuthority}/{folder}?ca={_server.AuthorityFile}", _server.User, _server.Password);
}

/// <summary>rclone's server.</summary>
public sealed class WebDavRcloneConformance : WebDavConformance
{
    private RcloneServer _server = null!;

    protected override bool MovesAtomically => true;

    protected override string Root => _server.Root;

    protected override async Task<string> CreateFolderAsync()
    {
        _server = await TestServers.RcloneDavAsync();
        return _server.CreateFolder();
    }

    protected override bool LeavesTemporaries => true;

    protected override Target Open(string folder) => DavPlace.Open($"{_server.DavAddress}/{folder}?atomicmove=yes", _server.User, _server.Password);
}
