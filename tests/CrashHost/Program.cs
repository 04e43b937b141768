using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

// An erasure in a process that then waits for the end of its input: erase <vault> <key file> <cache> <subject>.
if (args is ["erase", var erasedVault, var erasedKey, var erasedCache, var subject])
{
    await EraseAsync(erasedVault, erasedKey, erasedCache, subject);
    await Console.Out.WriteLineAsync("erased");
    await Console.In.ReadToEndAsync();
    return 0;
}

// A mirror of the newest snapshot in place: restore <vault> <key file> <cache> <source>.
if (args is ["restore", var restoredVault, var restoredKey, var restoredCache, var place])
{
    await RestoreAsync(restoredVault, restoredKey, restoredCache, place);
    return 0;
}

// A backup in a process of its own, to be killed by the tests at any moment: <vault> <source> <key file> <cache> <tag>.
if (args is not [var vaultPath, var sourcePath, var keyPath, var cachePath, var tag])
{
    await Console.Error.WriteLineAsync("Usage: CrashHost <vault> <source> <key file> <cache> <tag>");
    return 2;
}

await using var target = LocalTarget.Open(vaultPath);
using var credential = CredentialFile.Read(keyPath, NullSink.Instance);
var locked = await LockedVault.OpenAsync(target, CancellationToken.None);
using var vault = await locked.UnlockAsync(credential, new UnlockContext(HostState.For(cachePath), NullSink.Instance, TimeProvider.System), CancellationToken.None);
using var source = FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([sourcePath]) }, TimeProvider.System);

await Console.Out.WriteLineAsync("running");
var options = new BackupOptions { DataSet = "shop", HostName = "host", Tags = [tag], Gates = ContentGates.None };
var result = await BackupCorridor.RunAsync(vault, source, options, RunContext.Unwatched, CancellationToken.None);
await Console.Out.WriteLineAsync($"{result.Outcome} {result.Elapsed.TotalMilliseconds:F0} {result.PacksAdopted}");
return 0;

static async Task EraseAsync(string vaultPath, string keyPath, string cachePath, string subject)
{
    await using var target = LocalTarget.Open(vaultPath);
    using var credential = CredentialFile.Read(keyPath, NullSink.Instance);
    var locked = await LockedVault.OpenAsync(target, CancellationToken.None);
    using var owner = await locked.UnlockAsync(credential, new UnlockContext(HostState.For(cachePath), NullSink.Instance, TimeProvider.System), CancellationToken.None);
    var request = new ErasureRequest { Subjects = [owner.Keys.PseudonymOf(subject)], Reason = "asked for" };
    await new SubjectEraser(owner.RequireReader()).EraseAsync(request, CancellationToken.None);
}

static async Task RestoreAsync(string vaultPath, string keyPath, string cachePath, string place)
{
    await using var target = LocalTarget.Open(vaultPath);
    using var credential = CredentialFile.Read(keyPath, NullSink.Instance);
    var locked = await LockedVault.OpenAsync(target, CancellationToken.None);
    using var vault = await locked.UnlockAsync(credential, new UnlockContext(HostState.For(cachePath), NullSink.Instance, TimeProvider.System), CancellationToken.None);
    var snapshot = (await SnapshotCatalog.LoadAsync(vault, CancellationToken.None)).Snapshots[0];
    await Console.Out.WriteLineAsync("running");
    var request = new RestoreRequest(vault.RequireReader(), snapshot) { KeepsJournal = true, Mirror = new FileSystemSourceOptions { Roots = RootNames.Assign([place]) } };
    await using var door = FileSystemDestination.Open(Path.GetDirectoryName(place)!, new DestinationOptions { InPlace = true, ReplacesLinks = true });
    var result = await RestoreCorridor.RunAsync(request, door, RunContext.Unwatched, CancellationToken.None);
    await Console.Out.WriteLineAsync($"{result.Faults.Count} {result.Elapsed.TotalMilliseconds:F0} {result.Kept}");
}
