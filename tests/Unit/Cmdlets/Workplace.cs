using SecureBackup.Tests.Unit.Shell;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>A folder with a small shop to back up, a place for a vault, and a cache of its own. Scripts run with it as working directory.</summary>
internal sealed class Workplace : IDisposable
{
    public const string Passphrase = "seven quiet herons at dawn";

    private readonly TempFolder _folder = new();

    public Workplace()
    {
        Write("crm/customers.csv", "id;name\n1;Ada\n2;Bo\n");
        Write("crm/notes/today.txt", "Call Ada back.\n");
        Write("crm/notes/odd [1].txt", "Brackets in the name.\n");
        Write("mail/inbox.mbox", string.Concat(Enumerable.Repeat("From: shop@example.org\n\nHello\n\n", 200)));
    }

    public string FullPath => _folder.FullPath;

    public string this[string relative] => _folder[relative];

    /// <summary>What the child process sees; a test may change it before it runs a script.</summary>
    public Dictionary<string, string?> Environment => field ??= new(StringComparer.Ordinal)
    {
        ["SECUREBACKUP_CACHE"] = _folder["cache"],
        ["SECUREBACKUP_PASSPHRASE"] = Passphrase,
        ["SECUREBACKUP_KEYFILE"] = null,
    };

    public string Write(string relative, string content)
    {
        var path = this[relative];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Every file and folder with size and time: equal before and after means that nothing was written.</summary>
    public IReadOnlyList<string> Picture() =>
    [
        .. new DirectoryInfo(FullPath).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Select(entry => $"{entry.FullName} {(entry as FileInfo)?.Length} {entry.LastWriteTimeUtc.Ticks}")
            .Order(StringComparer.Ordinal),
    ];

    public Task<ShellResult> RunAsync(string script) =>
        ShellProcess.RunCommandAsync(PackagedModule.With(script), PackagedModule.Options(Environment, FullPath), TestContext.Current.CancellationToken);

    /// <summary>The lines that a script wrote which must succeed.</summary>
    public async Task<IReadOnlyList<string>> LinesAsync(string script) => (await RunAsync(script)).ShouldSucceed().OutputLines;

    public ShellProcess Start(string script) =>
        ShellProcess.Start(["-Command", PackagedModule.With(script)], PackagedModule.Options(Environment, FullPath));

    public void Dispose() => _folder.Dispose();
}
