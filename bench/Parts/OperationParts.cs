using BenchmarkDotNet.Attributes;
using SecureBackup.Bench.Scale;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Bench.Parts;

/// <summary>What happens to every chunk and to every file, in memory, on one thread.</summary>
[MemoryDiagnoser]
public class OperationParts
{
    internal const int Claims = 20_000;
    internal const int Entries = 20_000;

    private const int IndexedChunks = 2 * MadeChunks.ChunksPerSegment;

    private readonly List<ListedEntry> _entries = [.. MadeListing.Entries(Entries)];
    private UnlockedVault _vault = null!;
    private ChunkIndex _index = null!;
    private int _turn;

    [GlobalSetup]
    public async Task BeginAsync()
    {
        _vault = await ScaleVault.CreateAsync(new MemoryTarget(), Directory.CreateDirectory(Path.Combine(WriteParts.Scratch, Guid.NewGuid().ToString("N"))).FullName);
        var chunks = new MadeChunks(_vault);
        for (var start = 0; start < IndexedChunks; start += MadeChunks.ChunksPerSegment)
        {
            await chunks.StoreSegmentAsync(start, MadeChunks.ChunksPerSegment, CancellationToken.None);
        }

        _index = await chunks.OpenAsBackupAsync(CancellationToken.None);
    }

    [GlobalCleanup]
    public void End()
    {
        _index.Dispose();
        _vault.Dispose();
    }

    /// <summary>In the order of packs, as the runs after the first ask.</summary>
    [Benchmark(Description = PartNames.ClaimKnown, OperationsPerInvoke = Claims)]
    public async Task ClaimKnownAsync()
    {
        var start = Claims * (_turn++ % (IndexedChunks / Claims));
        for (var i = 0; i < Claims; i++)
        {
            var claim = await _index.TryClaimAsync(MadeChunks.IdOf(start + i), CancellationToken.None);
            Require(claim.State == ChunkState.Known);
        }
    }

    [Benchmark(Description = PartNames.ClaimNew, OperationsPerInvoke = Claims)]
    public async Task ClaimNewAsync()
    {
        for (var i = 0; i < Claims; i++)
        {
            var id = new ChunkId(Id256.Random());
            var claim = await _index.TryClaimAsync(id, CancellationToken.None);
            Require(claim.State == ChunkState.New);
            _index.Release(id);
        }
    }

    [Benchmark(Description = PartNames.List, OperationsPerInvoke = Entries)]
    public async Task ListAsync()
    {
        using var builder = new ListingBuilder(new ForgetfulStore(), _vault.Keys.Chunker);
        foreach (var entry in _entries)
        {
            await builder.AddAsync(entry.Path, EntryCodec.Encode(entry), CancellationToken.None);
        }

        await builder.FinishAsync(CancellationToken.None);
    }

    private static void Require(bool isSo)
    {
        if (!isSo)
        {
            throw new InvalidOperationException("The index answered wrongly.");
        }
    }
}
