using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Bench.Parts;

/// <summary>The back door alone: files written as a vault's are. Nothing is deleted while it is measured.</summary>
[MemoryDiagnoser]
public class WriteParts
{
    private const int SmallFiles = 32;
    private const int Packs = 8;

    private readonly byte[] _pack = RandomNumberGenerator.GetBytes(PackSize.DefaultBytes);
    private string _folder = string.Empty;

    public static string Scratch { get; set; } = string.Empty;

    [GlobalSetup]
    public void Begin() => _folder = Directory.CreateDirectory(Path.Combine(Scratch, Guid.NewGuid().ToString("N"))).FullName;

    [Benchmark(Description = PartNames.WriteSmall, OperationsPerInvoke = SmallFiles)]
    public async Task WriteSmallAsync()
    {
        for (var i = 0; i < SmallFiles; i++)
        {
            await WriteAsync(_pack.AsMemory(0, 4096));
        }
    }

    [Benchmark(Description = PartNames.WritePack, OperationsPerInvoke = Packs)]
    public async Task WritePackAsync()
    {
        for (var i = 0; i < Packs; i++)
        {
            await WriteAsync(_pack);
        }
    }

    private Task<bool> WriteAsync(ReadOnlyMemory<byte> content) =>
        DurableFile.WriteAsync(Path.Combine(_folder, Guid.NewGuid().ToString("N")), content, DurableWriteOptions.IfAbsent, CancellationToken.None);
}
