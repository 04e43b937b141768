using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Bench.Parts;

/// <summary>The back door alone: files written as a vault's are. Nothing is deleted while it is measured.</summary>
[MemoryDiagnoser]
public class WriteParts
{
    private const int SmallFiles = 32;
    private const int Packs = 8;
    private const int PieceBytes = 1 << 20;

    private readonly OwnedBuffer _pack = OwnedBuffer.Rent(PackSize.DefaultBytes);
    private readonly byte[] _piece = new byte[PieceBytes];
    private string _folder = string.Empty;
    private LocalTarget? _target;
    private ObjectName _stored;

    public static string Scratch { get; set; } = string.Empty;

    [GlobalSetup]
    public void Begin()
    {
        _folder = Directory.CreateDirectory(Path.Combine(Scratch, Guid.NewGuid().ToString("N"))).FullName;
        _target = LocalTarget.Open(_folder);
        RandomNumberGenerator.Fill(_pack.Span);
        _stored = WritePack();
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
            WritePack();
        }
    }

    /// <summary>From the page cache: what it takes of the processor alone.</summary>
    [Benchmark(Description = PartNames.ReadPack, OperationsPerInvoke = Packs)]
    public async Task ReadPacksAsync()
    {
        for (var offset = 0L; offset < (long)Packs * PackSize.DefaultBytes; offset += PieceBytes)
        {
            await _target!.ReadAsync(_stored, offset % PackSize.DefaultBytes, _piece, CancellationToken.None);
        }
    }

    /// <summary>As a backup does it: past the cache, on this very thread.</summary>
    private unsafe ObjectName WritePack()
    {
        var name = new ObjectName($"packs/{Guid.NewGuid():N}");
        using var pin = _pack.Memory.Pin();
        using var content = new UnmanagedMemoryStream((byte*)pin.Pointer, _pack.LengthBytes);
        _target!.PutAsync(name, content, new PutOptions { PastCache = true }, CancellationToken.None).GetAwaiter().GetResult();
        return name;
    }
}
