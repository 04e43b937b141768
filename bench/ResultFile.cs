using System.Globalization;
using System.Text.Json;

namespace SecureBackup.Bench;

/// <summary>Where each part leaves all its values, beside the table that it prints.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <param name="part">Begins the file's name.</param>
    /// <param name="over">What lay between the machine and what it wrote to; null for nothing.</param>
    internal static void Write(string part, object versions, object values, string? over = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "bench", "results")).FullName;
        var now = DateTimeOffset.UtcNow;
        var path = Path.Combine(folder, $"{part}-{now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new { part, over, at = now, machine = Machine.Describe(), versions, values }, Layout));
        Console.Error.WriteLine($"All values: {path}");
    }
}
