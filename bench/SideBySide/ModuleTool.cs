namespace SecureBackup.Bench.SideBySide;

/// <summary>The packaged module in a shell of its own: pwsh where it is installed, else the console of this repository.</summary>
/// <param name="compression">What -Compression is given; null for none.</param>
internal sealed class ModuleTool(string module, string? compression = null) : BackupTool
{
    /// <summary>Longer than the grace time of a new vault.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromHours(25);

    private static readonly Lazy<string?> PowerShell = new(() => FirstLineOf("pwsh", "--version"));

    internal override string Name => compression is null ? "ours" : $"ours, {compression}";

    internal override bool ReachesBuckets => true;

    private string Import => $"Import-Module '{Path.Combine(module, "SecureBackup.psd1")}';";

    internal override string? FindVersion() => $"SecureBackup {Path.GetFileName(module)} in {PowerShell.Value ?? "tools/Shell"}";

    internal override IReadOnlyDictionary<string, string> EnvironmentOf(ToolPlace place)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["SECUREBACKUP_CACHE"] = place.Cache };
        if (place.Bucket is { } bucket)
        {
            (variables["SECUREBACKUP_TARGET_USER"], variables["SECUREBACKUP_TARGET_PASSWORD"]) = (bucket.Key.Id, bucket.Key.Secret);
        }

        return variables;
    }

    internal override ToolCommand Create(ToolPlace place) => Command($"$null = New-BackupVault -Path '{PathOf(place)}' -KeyFile '{place.KeyFile}'");

    /// <summary>A suspect one (3) is a whole one.</summary>
    internal override ToolCommand BackUp(ToolPlace place, string folder) =>
        Command($"exit (Start-CustomerBackup {Vault(place)} -LiteralPath '{folder}'{(compression is null ? string.Empty : $" -Compression {compression}")}).ExitCode", 0, 3);

    internal override ToolCommand Restore(ToolPlace place, string folder, string destination) =>
        Command($"exit (Restore-CustomerBackup {Vault(place)} -DataSet '{Path.GetFileName(folder)}' -Destination '{destination}').ExitCode");

    internal override ToolCommand Check(ToolPlace place) => Command($"exit (Test-CustomerBackup {Vault(place)} -ReadData).ExitCode");

    /// <summary>
    /// Removal, then a collection in its three steps (choose and mark, move and mark, delete), which lie a grace time apart. The wait is made up: what is stored gets as much older. Packs of
    /// which a twentieth is unused are rewritten, as restic does it.
    /// </summary>
    internal override IReadOnlyList<ToolStep> Prune(ToolPlace place)
    {
        var step = new ToolStep(Command($"exit (Optimize-BackupVault {Vault(place)} -MaxUnusedPercent 5 -Confirm:$false).ExitCode"));
        var rest = new ToolStep(null, () => Age(place));
        return [new(Command($"$null = Remove-CustomerBackup {Vault(place)} -KeepLast {KeptSnapshots} -Confirm:$false")), step, rest, step, rest, step];
    }

    internal static ToolCommand Nothing() => Shell("1");

    internal ToolCommand ImportAlone() => Command("1");

    internal ToolCommand List(ToolPlace place) => Command($"$null = Get-CustomerBackup {Vault(place)}");

    /// <summary>Whether this version knows the parameter.</summary>
    internal bool Knows(string cmdlet, string parameter)
    {
        MeasuredProcess.Run(Command($"(Get-Command {cmdlet}).Parameters.ContainsKey('{parameter}')"), new Dictionary<string, string>(StringComparer.Ordinal), out var said);
        return said.Contains("True", StringComparison.Ordinal);
    }

    private static string Vault(ToolPlace place) => $"-Vault '{PathOf(place)}' -KeyFile '{place.KeyFile}'";

    private static string PathOf(ToolPlace place) => place.Bucket is { } bucket ? $"s3://{bucket.Name}?endpoint={bucket.Endpoint.AbsoluteUri.TrimEnd('/')}" : place.Repository;

    private static void Age(ToolPlace place)
    {
        foreach (var file in new DirectoryInfo(place.Repository).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            file.LastWriteTimeUtc -= Rest;
        }
    }

    private ToolCommand Command(string text, params int[] acceptedCodes) => Shell($"{Import} {text}", acceptedCodes);

    private static ToolCommand Shell(string text, params int[] acceptedCodes)
    {
        string[] arguments = ["-NoProfile", "-NonInteractive", "-Command", text];
        return PowerShell.Value is not null
            ? new ToolCommand("pwsh", arguments, acceptedCodes)
            : new ToolCommand("dotnet", [Path.Combine(Repository.Root, "tools", "Shell", "bin", "Release", "net10.0", "SecureBackup.Shell.dll"), .. arguments], acceptedCodes);
    }
}
