using System.Diagnostics;
using System.Security.Cryptography;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Bench.Parts;

/// <summary>Puts packs of random bytes into a folder: past the cache, as a backup mostly does, one after another, each flushed. For a thread of its own: on the pool's nothing is written past the cache.</summary>
internal sealed class PackWriter(string folder, OwnedBuffer pack)
{
    internal LocalTarget Target { get; } = LocalTarget.Open(Directory.CreateDirectory(folder).FullName);

    /// <returns>Seconds that so many bytes take the disk.</returns>
    internal static double Measure(string folder, long bytes)
    {
        using var pack = RentFilled();
        var writer = new PackWriter(folder, pack);
        var watch = Stopwatch.StartNew();
        for (var written = 0L; written < bytes; written += PackSize.DefaultBytes)
        {
            writer.Write((int)Math.Min(PackSize.DefaultBytes, bytes - written));
        }

        return watch.Elapsed.TotalSeconds;
    }

    internal static OwnedBuffer RentFilled()
    {
        var pack = OwnedBuffer.Rent(PackSize.DefaultBytes);
        RandomNumberGenerator.Fill(pack.Span);
        return pack;
    }

    internal unsafe ObjectName Write(int length = PackSize.DefaultBytes)
    {
        var name = new ObjectName($"packs/{Guid.NewGuid():N}");
        using var pin = pack.Memory.Pin();
        using var content = new UnmanagedMemoryStream((byte*)pin.Pointer, length);
        Target.PutAsync(name, content, new PutOptions { PastCache = true }, CancellationToken.None).GetAwaiter().GetResult();
        return name;
    }
}
