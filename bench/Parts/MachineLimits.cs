using System.Globalization;
using System.Text.RegularExpressions;
using SecureBackup.Bench.SideBySide;

namespace SecureBackup.Bench.Parts;

/// <param name="Rate">MB/s; null where the program is missing.</param>
internal sealed record MachineLimit(string Set, string Name, double? Rate);

/// <summary>What this machine can do at best, by the programs that everybody measures it with. What is not installed is left out, and the table says so.</summary>
internal static partial class MachineLimits
{
    private const int DiskMegabytes = 512;

    private static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);

    internal static IEnumerable<MachineLimit> OfCrypto()
    {
        yield return new MachineLimit(string.Empty, "openssl speed sha256", OpenSsl("sha256"));
        yield return new MachineLimit(string.Empty, "openssl speed aes-256-gcm (seal only)", OpenSsl("aes-256-gcm"));
    }

    /// <summary>zstd's own benchmark over a sample, cut into blocks as long as chunks.</summary>
    internal static IEnumerable<MachineLimit> OfZstd(string set, string sample)
    {
        var said = Run("zstd", "-b1", "-e3", "-i1", "-B1MB", sample);
        foreach (var level in new[] { 1, 2, 3 })
        {
            var last = said is null ? null : ZstdRates().Matches(said).LastOrDefault(match => string.Equals(match.Groups["level"].Value, level.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            yield return new MachineLimit(set, $"zstd -b{level}, compress", last is null ? null : double.Parse(last.Groups["rate"].Value, CultureInfo.InvariantCulture));
        }
    }

    /// <param name="sample">Bytes that do not compress, should the disk do that.</param>
    internal static MachineLimit OfDisk(string sample, string scratch)
    {
        Disk.FlushAll();
        try
        {
            var measure = MeasuredProcess.Run(new ToolCommand("dd", [$"if={sample}", $"of={Path.Combine(scratch, "dd")}", "bs=1M", $"count={DiskMegabytes}", "conv=fsync"]), Nothing);
            return new MachineLimit(string.Empty, "dd conv=fsync", new FileInfo(Path.Combine(scratch, "dd")).Length / measure.Seconds / 1e6);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new MachineLimit(string.Empty, "dd conv=fsync", null);
        }
    }

    private static double? OpenSsl(string algorithm)
    {
        var said = Run("openssl", "speed", "-seconds", "1", "-bytes", "1048576", "-evp", algorithm);
        var rate = said is null ? null : OpenSslRate().Matches(said).LastOrDefault();
        return rate is null ? null : double.Parse(rate.Groups["rate"].Value, CultureInfo.InvariantCulture) / 1000;
    }

    private static string? Run(string program, params string[] arguments)
    {
        try
        {
            MeasuredProcess.Run(new ToolCommand(program, arguments), Nothing, out var said);
            return said;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [GeneratedRegex(@"(?<rate>[\d.]+)k\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OpenSslRate();

    [GeneratedRegex(@"(?<rate>[\d.]+) MB/s,\s+[\d.]+ MB/s\s+(?<level>\d+)#", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ZstdRates();
}
