using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Bench.Scale;

/// <summary>A vault's folder with made segments. What was made stays and is gone on with; each step sees as much of it as it asks for.</summary>
internal sealed class MadeIndex(string folder)
{
    private string Target => Path.Combine(folder, "vault");

    /// <summary>The names of the segments in the order in which they were made.</summary>
    private string Made => Path.Combine(folder, "segments.txt");

    /// <summary>Makes what is missing.</summary>
    internal async Task GrowAsync(long chunks)
    {
        Directory.CreateDirectory(folder);
        if (!Directory.Exists(Target))
        {
            Directory.CreateDirectory(Target);
            using var created = await ScaleVault.CreateAsync(LocalTarget.Create(Target), folder);
        }

        var made = File.Exists(Made) ? File.ReadAllLines(Made).Length : 0;
        using var vault = await ScaleVault.OpenAsync(LocalTarget.Open(Target), folder);
        var maker = new MadeChunks(vault);
        for (var segment = made; segment < SegmentsOf(chunks); segment++)
        {
            var name = await maker.StoreSegmentAsync((long)segment * MadeChunks.ChunksPerSegment, MadeChunks.ChunksPerSegment, CancellationToken.None);
            File.AppendAllLines(Made, [name.Value]);
        }
    }

    /// <returns>The vault as it was when it had so many chunks, rounded up to whole segments.</returns>
    internal Task<UnlockedVault> OpenAsync(long chunks)
    {
        var segments = File.ReadLines(Made).Take(SegmentsOf(chunks)).Select(static name => new ObjectName(name)).ToList();
        return ScaleVault.OpenAsync(new PartialTarget(LocalTarget.Open(Target), segments, Rounded(chunks)), folder);
    }

    internal static long Rounded(long chunks) => (long)SegmentsOf(chunks) * MadeChunks.ChunksPerSegment;

    private static int SegmentsOf(long chunks) => (int)((chunks + MadeChunks.ChunksPerSegment - 1) / MadeChunks.ChunksPerSegment);
}
