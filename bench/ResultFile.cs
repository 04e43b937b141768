using System.Globalization;
using System.Text.Json;

namespace SecureBackup.Bench;

/// <summary>Where each part leaves all its values, beside the table that it prints.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <param name="part">Begins the file's name.</param>
    internal static void Write(string part, object versions, object values)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "bench", "results")).FullName;
        var now = DateTimeOffset.UtcNow;
        var path = Path.Combine(folder, $"{part}-{now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new { part, at = now, machine = Machine.Describe(), versions, values }, Layout));
        Console.Error.WriteLine($"All values: {path}");
    }
}
