using System.Reflection;
using System.Reflection.Emit;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>The module lives beside others, whatever versions of its libraries they bring and in whatever order they come.</summary>
public sealed class IsolationTests : IDisposable
{
    /// <summary>Assemblies that only the engine may bring, by the context that they were loaded into.</summary>
    private const string ListContexts = """
        function Get-Context([string[]] $Names) {
            foreach ($context in [Runtime.Loader.AssemblyLoadContext]::All) {
                foreach ($assembly in $context.Assemblies) {
                    if ($assembly.GetName().Name -in $Names) { "$($assembly.GetName().Name) in $($context.Name)" }
                }
            }
        }

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Only_the_cmdlet_assembly_is_in_the_default_context()
    {
        var names = DependencyNames().Append("SecureBackup.PowerShell").ToList();
        var lines = await _place.LinesAsync(ListContexts + $$"""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            Get-Context {{Quoted(names)}}
            """);
        Assert.Equal("SecureBackup.PowerShell in Default", Assert.Single(lines, line => line.EndsWith(" in Default", StringComparison.Ordinal)));
        Assert.Contains("SecureBackup.Engine in SecureBackup.Engine", lines);
        Assert.All(lines, line => Assert.Matches(" in (Default|SecureBackup.Engine)$", line));
    }

    /// <summary>libsodium is loaded by the check of the cryptography, and by nothing else that an import does.</summary>
    [Fact]
    public async Task The_engine_and_its_libraries_are_loaded_before_a_command_needs_them()
    {
        var lines = await _place.LinesAsync("""
            [Threading.SpinWait]::SpinUntil({ [Diagnostics.Process]::GetCurrentProcess().Modules.ModuleName -match 'sodium' }, 60000)
            """);
        Assert.Equal(["True"], lines);
    }

    [Fact]
    public async Task The_first_import_may_happen_in_many_runspaces_at_once()
    {
        const string script = """
            $counts = 1..8 | ForEach-Object -ThrottleLimit 8 -Parallel {
                Import-Module $env:SECUREBACKUP_MODULE
                $vault = "$using:PWD/vault-$_"
                $null = New-BackupVault $vault
                (Start-CustomerBackup -LiteralPath "$using:PWD/crm" -Vault $vault).FileCount
            }
            $counts -join ' '
            """;
        var options = PackagedModule.Options(_place.Environment, _place.FullPath);
        var result = await Shell.ShellProcess.RunCommandAsync(script, options, TestContext.Current.CancellationToken);
        Assert.Equal(["3 3 3 3 3 3 3 3"], result.ShouldSucceed().OutputLines);
    }

    [Fact]
    public async Task Importing_again_by_force_keeps_working()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            Import-Module $env:SECUREBACKUP_MODULE -Force
            (Start-CustomerBackup ./crm -Vault ./vault).FileCount
            Remove-Module SecureBackup
            Import-Module $env:SECUREBACKUP_MODULE
            @(Get-CustomerBackup -Vault ./vault).Count
            """);
        Assert.Equal(["3", "1"], lines);
    }

    [Fact]
    public async Task Runspaces_share_the_engine_but_not_their_connections()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            $other = [powershell]::Create([initialsessionstate]::CreateDefault2())
            $null = $other.AddScript({
                param($module, $vault)
                Import-Module $module
                "connected: $(@(Get-BackupVault).Count), found: $(@(Get-CustomerBackup -Vault $vault).Count)"
            }).AddArgument($env:SECUREBACKUP_MODULE).AddArgument("$PWD/vault")
            $other.Invoke()
            $other.Streams.Error.ForEach({ "$_" })
            $other.Dispose()
            @(Get-BackupVault).Count
            @([Runtime.Loader.AssemblyLoadContext]::All.Where({ $_.Name -eq 'SecureBackup.Engine' })).Count
            """);
        Assert.Equal(["connected: 0, found: 1", "1", "1"], lines);
    }

    [Fact]
    public async Task Backups_run_in_parallel_into_one_vault()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $results = 'crm', 'mail' | ForEach-Object -Parallel {
                Import-Module $env:SECUREBACKUP_MODULE
                Start-CustomerBackup -LiteralPath "$using:PWD/$_" -Vault "$using:PWD/vault"
            }
            @($results).Count
            @(Get-CustomerBackup -Vault ./vault).Count
            @(Test-CustomerBackup -Vault ./vault -ReadData).IsHealthy -join ' '
            """);
        Assert.Equal(["2", "2", "True True"], lines);
    }

    [Fact]
    public async Task Older_copies_of_every_dependency_may_be_loaded_before()
    {
        var names = DependencyNames().Where(name => !name.StartsWith("SecureBackup.", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(names);
        foreach (var name in names)
        {
            WriteOldAssembly(name, _place[$"old-{name}.dll"]);
        }

        var script = ListContexts + $$"""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            @(Test-CustomerBackup -ReadData).IsHealthy
            Get-Context {{Quoted(names)}}
            """;
        var loads = string.Join('\n', names.Select(name => $"$null = [Reflection.Assembly]::LoadFrom(\"$PWD/old-{name}.dll\")"));
        var lines = await RunAsync(loads, script);
        Assert.Equal("True", lines[0]);
        Assert.Equal(names.Count, lines.Count(line => line.EndsWith(" in Default", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.EndsWith(" in SecureBackup.Engine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_store_nothing_of_what_speaks_to_stores_is_loaded()
    {
        var lines = await _place.LinesAsync(ListContexts + $$"""
            Get-Context {{Quoted(StoreLibraries())}}
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            $null = Restore-CustomerBackup -Destination ./out
            @(Test-CustomerBackup -ReadData).IsHealthy
            Get-Context {{Quoted(StoreLibraries())}}
            """);

        Assert.Contains("True", lines);
        Assert.DoesNotContain(lines, static line => line.EndsWith(" in SecureBackup.Engine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Other_versions_of_what_speaks_to_stores_may_be_loaded_before()
    {
        var (ceph, azurite) = (await TestServers.CephAsync(), await TestServers.AzuriteAsync());
        var names = StoreLibraries().Where(static name => !name.StartsWith("SecureBackup.", StringComparison.Ordinal)).ToList();
        Assert.Superset(new HashSet<string>(["AWSSDK.Core", "AWSSDK.S3", "Azure.Core", "Azure.Storage.Blobs", "Google.Apis.Core", "Renci.SshNet"], StringComparer.Ordinal), names.ToHashSet(StringComparer.Ordinal));
        foreach (var name in names)
        {
            WriteOldAssembly(name, _place[$"old-{name}.dll"]);
        }

        var loads = string.Join('\n', names.Select(static name => $"$null = [Reflection.Assembly]::LoadFrom(\"$PWD/old-{name}.dll\")"));
        var lines = await RunAsync(loads, ListContexts + $$"""
            function Use-Store($Address, $User, $Password) {
                $env:SECUREBACKUP_TARGET_USER, $env:SECUREBACKUP_TARGET_PASSWORD = $User, $Password
                $null = New-BackupVault $Address
                (Start-CustomerBackup ./crm -Vault $Address).FileCount
                (Test-CustomerBackup -Vault $Address -ReadData).IsHealthy
            }

            Use-Store 's3://{{await ceph.CreateBucketAsync()}}/x?endpoint={{ceph.Endpoint.OriginalString}}' '{{ceph.Key.Id}}' '{{ceph.Key.Secret}}'
            Use-Store 'azblob://{{AzuriteServer.Account}}/{{await azurite.CreateContainerAsync()}}/x?endpoint={{azurite.Endpoint.OriginalString}}' '{{AzuriteServer.Account}}' '{{azurite.Key}}'
            Get-Context {{Quoted(names)}}
            """);

        Assert.Equal(["3", "True", "3", "True"], lines.Take(4));
        Assert.Equal(names, lines.Where(static line => line.EndsWith(" in Default", StringComparison.Ordinal)).Select(static line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.Superset(
            new HashSet<string>(["AWSSDK.Core in SecureBackup.Engine", "AWSSDK.S3 in SecureBackup.Engine", "Azure.Core in SecureBackup.Engine", "Azure.Storage.Blobs in SecureBackup.Engine"], StringComparer.Ordinal),
            lines.ToHashSet(StringComparer.Ordinal));
    }

    /// <param name="before">What the session does before it imports the module.</param>
    private async Task<IReadOnlyList<string>> RunAsync(string before, string script)
    {
        var options = PackagedModule.Options(_place.Environment, _place.FullPath);
        var result = await Shell.ShellProcess.RunCommandAsync(before + "\n" + PackagedModule.With(script), options, TestContext.Current.CancellationToken);
        return result.ShouldSucceed().OutputLines;
    }

    private static List<string> DependencyNames() => NamesIn("engine");

    private static List<string> StoreLibraries() => NamesIn("engine/targets");

    private static List<string> NamesIn(string folder) =>
        [.. Directory.EnumerateFiles(Path.Combine(PackagedModule.Folder, folder), "*.dll").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));

    /// <summary>An assembly of that name with nothing in it, of a version that no dependency has.</summary>
    private static void WriteOldAssembly(string name, string path)
    {
        var assembly = new PersistedAssemblyBuilder(new AssemblyName(name) { Version = new Version(0, 0, 0, 1) }, typeof(object).Assembly);
        assembly.DefineDynamicModule(name);
        assembly.Save(path);
    }
}
