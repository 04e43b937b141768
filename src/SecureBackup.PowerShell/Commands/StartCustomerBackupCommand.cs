using System.Management.Automation;
using System.Text;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Backs files and folders, or the objects of a pipeline, up into a vault and emits the snapshot.</summary>
[Cmdlet(VerbsLifecycle.Start, "CustomerBackup", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(CustomerBackup))]
public sealed partial class StartCustomerBackupCommand : LongVaultCommand
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";

    /// <summary>The name of a data set that nobody named and that has several roots.</summary>
    private const string DefaultDataSet = "default";

    private readonly List<string> _paths = [];

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>What the backups of these files are called together. Default: the name of the only path, or <c>default</c>.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    [Parameter]
    [ArgumentCompleter(typeof(TagCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Tag { get; set; } = [];

    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Exclude { get; set; } = [];

    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Include { get; set; } = [];

    /// <summary>Name of the files that hold exclude patterns for their folder; an empty name reads none.</summary>
    [Parameter]
    [AllowEmptyString]
    public string IgnoreFile { get; set; } = ".backupignore";

    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long? MaxSize { get; set; }

    [Parameter]
    public DateTimeOffset? NewerThan { get; set; }

    [Parameter]
    public DateTimeOffset? OlderThan { get; set; }

    /// <summary>Leave out what is in folders that a CACHEDIR.TAG marks as caches.</summary>
    [Parameter]
    public SwitchParameter ExcludeCaches { get; set; }

    /// <summary>Do not enter folders on which another file system is mounted.</summary>
    [Parameter]
    public SwitchParameter OneFileSystem { get; set; }

    /// <summary>Read every file anew, also those that look unchanged.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>How hard to compress.</summary>
    [Parameter]
    public BackupCompression Compression { get; set; }

    /// <summary>Do everything but send and remember: the result says what would be stored.</summary>
    [Parameter]
    public SwitchParameter DryRun { get; set; }

    private protected override bool LeavesNothing => DryRun;

    private CompressionGoal Goal => Compression == BackupCompression.Best ? CompressionGoal.Best : CompressionGoal.Balanced;

    protected override void ProcessRecord() => GuardEngine(null, () =>
    {
        if (IsOfRecords)
        {
            TakeObject();
            return;
        }

        var isLiteral = string.Equals(ParameterSetName, LiteralPathSet, StringComparison.Ordinal);
        _paths.AddRange(FileSystemPaths.ResolveRoots(SessionState, isLiteral ? LiteralPath : Path, isLiteral));
    });

    private protected override bool BeginsWithSnapshots => true;

    private protected override void Execute()
    {
        if (IsOfRecords && _paths.Count == 0)
        {
            BackUpRecords();
            return;
        }

        var vaultPath = RequireVaultPath();
        var options = SourceOptions(vaultPath);
        var dataSet = DataSet ?? (options.Roots is [var only] ? only.Name : DefaultDataSet);
        var roots = string.Join(", ", options.Roots.Select(root => root.Path));
        if (!DryRun && !ShouldProcess($"{roots} to {vaultPath}", $"Back up as data set '{dataSet}'"))
        {
            return;
        }

        // What is wrong with the roots or the rules is said before the vault is opened and anything is written.
        FileSystemSource? opened = null;
        GuardEngine(roots, () => opened = FileSystemSource.Open(options, TimeProvider.System));
        var source = opened!;
        var backupOptions = BackupOptions(dataSet, options);
        RunLong(vaultPath, (vault, gate, token) => RunAsync(vault, source, vaultPath, backupOptions, gate, token), source);
    }

    private static async Task RunAsync(
        UnlockedVault vault, FileSystemSource source, string vaultPath, BackupOptions options, PipelineGate gate, CancellationToken cancellationToken)
    {
        var counters = gate.ShowProgress($"Backing up {options.DataSet}");
        var result = await BackupCorridor.RunAsync(vault, source, options, new RunContext(counters, gate), cancellationToken);
        var backup = CustomerBackup.From(vaultPath, result, vault.Target);
        gate.WriteVerbose($"{backup.DataSet}: {backup.Run}");

        // The snapshot first: with -ErrorAction Stop the first fault ends the cmdlet, and the snapshot exists all the same.
        gate.WriteObject(backup);
        gate.WriteFaults(backup.Faults);
        gate.WriteFindings(backup);
    }

    private FileSystemSourceOptions SourceOptions(string vaultPath) => new()
    {
        Roots = RootNames.Assign(_paths),
        Exclude = Exclude,
        Include = Include,
        IgnoreFileName = IgnoreFile.Length == 0 ? null : IgnoreFile,
        ExcludesCacheFolders = ExcludeCaches,
        StaysOnOneFileSystem = OneFileSystem,
        MaxFileSizeBytes = MaxSize,
        ModifiedSince = NewerThan,
        ModifiedBefore = OlderThan,
        DefersAttributes = true,
        SkipFolders = VaultPlace.FoldersOf(vaultPath),
        LeaveOutFolders = [HostState.Default.Folder],
    };

    private BackupOptions BackupOptions(string dataSet, FileSystemSourceOptions source) => new()
    {
        DataSet = dataSet,
        Tags = Tag,
        HostName = Environment.MachineName,
        Roots = [.. source.Roots.Select(root => new SnapshotRoot(Encoding.UTF8.GetBytes(root.Name), root.Path, Platform()))],
        Rules = RuleText.Of(source),
        ReadsEverything = Force,
        Compression = Goal,
        Gates = Gates(),
    };

    private static string Platform() => OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : "linux";
}
