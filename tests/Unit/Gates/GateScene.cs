using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Gates;

/// <summary>Files that people have, what ransomware makes of them, and runs with every gate.</summary>
internal static class GateScene
{
    internal const int Files = 40;

    internal static async Task<PipelineScene> CreateAsync()
    {
        var scene = await PipelineScene.CreateAsync(chunker: Engine.Chunking.ChunkerCatalog.Small);
        for (var i = 0; i < Files; i++)
        {
            scene.WriteText(i);
        }

        return scene;
    }

    /// <summary>About 40 kB that compress well and are like no other file.</summary>
    internal static void WriteText(this PipelineScene scene, int number, int? seed = null)
    {
        var random = new Random(seed ?? number);
        var words = Enumerable.Range(0, 6000).Select(_ => $"word{random.Next(1000)}");
        scene.Write($"{number}.txt", System.Text.Encoding.UTF8.GetBytes(string.Join(' ', words)));
    }

    internal static void Encrypt(this PipelineScene scene, string name)
    {
        var path = Path.Combine(scene.SourcePath, name);
        File.WriteAllBytes(path, RandomNumberGenerator.GetBytes((int)new FileInfo(path).Length));
    }

    internal static void EncryptAll(this PipelineScene scene)
    {
        for (var i = 0; i < Files; i++)
        {
            scene.Encrypt($"{i}.txt");
        }
    }

    internal static async Task<BackupResult> RunAsync(this PipelineScene scene, BackupOptions? options = null, Target? target = null)
    {
        using var vault = await scene.UnlockAsync(target);
        return await scene.RunAsync(vault, options);
    }

    internal static async Task<BackupResult> RunAsync(this PipelineScene scene, UnlockedVault vault, BackupOptions? options = null)
    {
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        return await scene.BackUpAsync(vault, options ?? PipelineScene.Options with { Gates = ContentGates.Default });
    }

    internal static async Task DecideAsync(this PipelineScene scene, Snapshot snapshot, SnapshotVerdict verdict)
    {
        using var vault = await scene.UnlockAsync();
        await ApprovalRecord.WriteAsync(vault, snapshot, verdict, "looked at", PipelineScene.Token);
    }

    internal static IEnumerable<FaultCode> CodesOf(BackupResult backup) => backup.Snapshot.Summary.Findings.Select(static finding => GateText.CodeOf(finding.Gate));
}
