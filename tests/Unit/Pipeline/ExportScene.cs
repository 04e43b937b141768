using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Packages of customers, and what lies around them.</summary>
internal static class ExportScene
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Everything outside of the host's memory.</summary>
    internal static List<string> Picture(PipelineScene scene) =>
        [.. Directory.EnumerateFileSystemEntries(scene.Folder.FullPath, "*", SearchOption.AllDirectories).Where(path => !path.StartsWith(scene.HostPath, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    internal static SubjectPackage Package(UnlockedVault vault, string subject, IReadOnlyList<RecordVersion> versions)
    {
        var now = vault.Time.GetUtcNow();
        return new SubjectPackage(Guid.NewGuid(), subject, vault.Id, now, now.AddDays(30), versions, []);
    }

    internal static async Task ExportAsync(UnlockedVault vault, PipelineScene scene, string subject, string path)
    {
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(5, 1));
        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, 0, Token);
        var versions = await browser.HistoryAsync([backup.Snapshot], subject, new RecordTally(), Token);
        var package = Package(vault, subject, versions);
        await new ExportRegistry(vault).AddAsync(package, path, Token);
        using var writer = SubjectPackageWriter.Begin(package, path);
        Assert.True(await writer.WriteAsync(package, Token) > 0);
    }
}
