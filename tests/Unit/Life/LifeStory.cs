using System.Globalization;

namespace SecureBackup.Tests.Unit.Life;

/// <summary>What a shop's folder holds from backup to backup: a few files that change, big new ones in the runs that go wrong, and each state kept beside it to compare with.</summary>
internal static class LifeStory
{
    internal const int Runs = 10;
    internal const int RunWithDeath = 5;
    internal const int RunWithoutStore = 7;

    private const string Orders = "orders";

    /// <summary>Makes the folder <paramref name="state"/> of a run from that of the run before.</summary>
    /// <param name="bigBytes">Of the files that make a run long: several packs each.</param>
    internal static void Write(int run, string before, string state, int bigBytes)
    {
        Directory.CreateDirectory(Path.Combine(state, Orders));
        if (run > 1)
        {
            Copy(before, state);
        }

        var random = new Random(run);
        File.AppendAllText(Path.Combine(state, "ledger.csv"), string.Create(CultureInfo.InvariantCulture, $"{run};{random.Next()}\n"));
        Fill(Path.Combine(state, Orders, string.Create(CultureInfo.InvariantCulture, $"order-{run}.bin")), 40_000 + random.Next(40_000), random);
        if (run is RunWithDeath or RunWithoutStore)
        {
            Fill(Path.Combine(state, string.Create(CultureInfo.InvariantCulture, $"scan-{run}.bin")), bigBytes, random);
        }

        if (run == RunWithDeath + 1)
        {
            File.Delete(Path.Combine(state, $"scan-{RunWithDeath}.bin"));
        }

        if (run == Runs)
        {
            File.Delete(Path.Combine(state, Orders, "order-2.bin"));
        }
    }

    internal static void Copy(string state, string to)
    {
        Directory.CreateDirectory(Path.Combine(to, Orders));
        foreach (var file in Directory.EnumerateFiles(state, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(state, file)));
        }
    }

    /// <summary>Every file byte by byte, and no file more.</summary>
    internal static void AssertSame(string expected, string actual)
    {
        Assert.Equal(NamesIn(expected), NamesIn(actual));
        foreach (var name in NamesIn(expected))
        {
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), $"{name} has other bytes.");
        }
    }

    private static string[] NamesIn(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)];

    private static void Fill(string path, int length, Random random)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
    }
}
