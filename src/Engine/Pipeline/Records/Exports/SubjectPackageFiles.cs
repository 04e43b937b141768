using System.IO.Compression;
using System.Text.Json;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Packages where they lie: deletes one, and never anything else that stands at its place by now.</summary>
internal static class SubjectPackageFiles
{
    internal const string DataFolder = "data";

    internal static string CommentOf(Guid package) => $"SecureBackup customer package {package}";

    /// <returns>Whether nothing of the package is left at the path.</returns>
    /// <param name="isWhole">False while it is written: then there may be no manifest yet that says which package it is.</param>
    internal static bool Delete(string path, Guid package, bool isWhole = true)
    {
        try
        {
            if (File.Exists(path))
            {
                return !IsZipOf(path, package) || Remove(path);
            }

            if (!Directory.Exists(path) || (isWhole && !IsFolderOf(path, package)))
            {
                return true;
            }

            // Only what a package consists of: what somebody laid beside it stays, and the folder with it.
            foreach (var file in Directory.EnumerateFiles(path).Where(static file => Path.GetFileName(file) is "README.txt" or SubjectPackage.ManifestName)
                .Concat(Directory.Exists(Path.Combine(path, DataFolder)) ? Directory.EnumerateFiles(Path.Combine(path, DataFolder)) : []).ToList())
            {
                File.Delete(file);
            }

            RemoveIfEmpty(Path.Combine(path, DataFolder));
            RemoveIfEmpty(path);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool Remove(string path)
    {
        File.Delete(path);
        return true;
    }

    private static void RemoveIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }

    private static bool IsZipOf(string path, Guid package)
    {
        try
        {
            using var zip = ZipFile.OpenRead(path);
            return string.Equals(zip.Comment, CommentOf(package), StringComparison.Ordinal);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool IsFolderOf(string path, Guid package)
    {
        var manifest = Path.Combine(path, SubjectPackage.ManifestName);
        if (!File.Exists(manifest))
        {
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
            return json.RootElement.TryGetProperty("package", out var id) && id.TryGetGuid(out var found) && found == package;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
