using System.Diagnostics;
using System.Globalization;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>A process that erases one subject and then waits, so that its memory can be looked at.</summary>
internal sealed class EraserProcess : IDisposable
{
    private const int BlockBytes = 1024 * 1024;

    private readonly Process _process;

    private static string Host =>
        Path.Combine(Repository.Root, "tests", "CrashHost", "bin", Repository.IsReleaseBuild ? "Release" : "Debug", "net10.0", "CrashHost.dll");

    public EraserProcess(string vault, string keyFile, string cache, string subject)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])[Host, "erase", vault, keyFile, cache, subject])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
    }

    public async Task ErasedAsync(CancellationToken cancellationToken) => Assert.Equal("erased", await _process.StandardOutput.ReadLineAsync(cancellationToken));

    /// <summary>Whether the bytes lie anywhere in what the process may write to.</summary>
    public bool HoldsInMemory(byte[] bytes)
    {
        using var memory = new FileStream($"/proc/{_process.Id}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var block = new byte[BlockBytes + bytes.Length];
        foreach (var line in File.ReadLines($"/proc/{_process.Id}/maps"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[1].StartsWith("rw", StringComparison.Ordinal))
            {
                var bounds = fields[0].Split('-');
                var (from, to) = (long.Parse(bounds[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), long.Parse(bounds[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                for (var at = from; at < to; at += BlockBytes)
                {
                    var read = ReadAt(memory, at, block.AsSpan(0, (int)Math.Min(block.Length, to - at)));
                    if (block.AsSpan(0, read).IndexOf(bytes) >= 0)
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(30)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static int ReadAt(FileStream memory, long at, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(memory.SafeFileHandle, destination, at);
        }
        catch (IOException)
        {
            // A page that nobody ever touched, or that is gone.
            return 0;
        }
    }
}
