using BenchmarkDotNet.Attributes;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Bench.Parts;

/// <summary>The back door alone: files written as a vault's are. Nothing is deleted while it is measured.</summary>
[MemoryDiagnoser]
public class WriteParts
{
    private const int SmallFiles = 32;
    private const int Packs = 8;
    private const int PieceBytes = 1 << 20;

    private readonly OwnedBuffer _pack = PackWriter.RentFilled();
    private readonly byte[] _piece = new byte[PieceBytes];
    private string _folder = string.Empty;
    private PackWriter _packs = null!;
    private ObjectName _stored;

    public static string Scratch { get; set; } = string.Empty;

    [GlobalSetup]
    public void Begin()
    {
        _folder = Path.Combine(Scratch, Guid.NewGuid().ToString("N"));
        _packs = new PackWriter(_folder, _pack);
        _stored = _packs.Write();
    }

    [Benchmark(Description = PartNames.WriteSmall, OperationsPerInvoke = SmallFiles)]
    public async Task WriteSmallAsync()
    {
        for (var i = 0; i < SmallFiles; i++)
        {
            await DurableFile.WriteAsync(Path.Combine(_folder, Guid.NewGuid().ToString("N")), _pack.Memory[..4096], DurableWriteOptions.IfAbsent, CancellationToken.None);
        }
    }

    [Benchmark(Description = PartNames.WritePack, OperationsPerInvoke = Packs)]
    public void WritePacks()
    {
        for (var i = 0; i < Packs; i++)
        {
            _packs.Write();
        }
    }

    /// <summary>From the page cache: what it takes of the processor alone.</summary>
    [Benchmark(Description = PartNames.ReadPack, OperationsPerInvoke = Packs)]
    public async Task ReadPacksAsync()
    {
        for (var offset = 0L; offset < (long)Packs * PackSize.DefaultBytes; offset += PieceBytes)
        {
            await _packs.Target.ReadAsync(_stored, offset % PackSize.DefaultBytes, _piece, CancellationToken.None);
        }
    }
}
