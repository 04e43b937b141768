using System.IO.Compression;
using System.Text.Json;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What became of a package that was to be deleted.</summary>
internal enum PackageEnd
{
    Deleted,

    /// <summary>Nothing of it is at its place: it was moved, or deleted, or something else stands there now.</summary>
    NotThere,

    /// <summary>It is there, in whole or in part, and cannot be deleted, or was changed so that more than the package would go.</summary>
    Left,
}

/// <summary>
/// Packages where they lie: deletes one, and never anything else that stands at its place by now. A package is told by the id in it. Of a folder go the files that its own manifest
/// names, the manifest last, so that a deletion that broke off can be gone on with; no link is followed, wherever it stands in the package.
/// </summary>
internal static class SubjectPackageFiles
{
    internal const string DataFolder = "data";
    internal const string ReadmeName = "README.txt";

    private const int MaxManifestBytes = 1024 * 1024 * 1024;

    internal static string CommentOf(Guid package) => $"SecureBackup customer package {package}";

    /// <summary>Where a package is put together before it gets its name. The id is in the name, so what lies there is the package's.</summary>
    internal static string PartOf(string path, Guid package) => $"{path}.{package:N}.part";

    /// <summary>Whether the package lies at its place, or is being put together there.</summary>
    internal static bool IsThere(string path, Guid package)
    {
        try
        {
            return IsFolder(PartOf(path, package)) || (IsFolder(path) ? NamesInFolder(path, package) : NamesInZip(path, package)) is not null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It cannot be looked at, so it may be.
            return true;
        }
    }

    internal static PackageEnd Delete(string path, Guid package)
    {
        try
        {
            var hadPart = DeletePart(path, package);
            var end = IsFolder(path) ? DeleteFolder(path, package) : DeleteZip(path, package);
            return end == PackageEnd.NotThere && hadPart ? PackageEnd.Deleted : end;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return PackageEnd.Left;
        }
    }

    /// <returns>Whether there was one.</returns>
    internal static bool DeletePart(string path, Guid package)
    {
        var part = PartOf(path, package);
        if (!IsFolder(part))
        {
            return false;
        }

        // Links in it are deleted and not followed.
        Directory.Delete(part, recursive: true);
        return true;
    }

    private static PackageEnd DeleteZip(string path, Guid package)
    {
        if (NamesInZip(path, package) is not { } names)
        {
            return PackageEnd.NotThere;
        }

        if (!names.TrueForAll(IsOurs))
        {
            return PackageEnd.Left;
        }

        File.Delete(path);
        return PackageEnd.Deleted;
    }

    private static PackageEnd DeleteFolder(string path, Guid package)
    {
        if (NamesInFolder(path, package) is not { } names)
        {
            return PackageEnd.NotThere;
        }

        var data = Path.Combine(path, DataFolder);
        if (!names.TrueForAll(IsOurs) || (Path.Exists(data) && !IsFolder(data)))
        {
            return PackageEnd.Left;
        }

        foreach (var file in names.Append(SubjectPackage.ManifestName).Select(name => Path.Combine(path, name.Replace('/', Path.DirectorySeparatorChar))))
        {
            if (!IsLink(file))
            {
                File.Delete(file);
            }
        }

        RemoveIfEmpty(data);
        RemoveIfEmpty(path);
        return PackageEnd.Deleted;
    }

    /// <summary>A manifest that somebody changed may name anything; a package has these files and no others.</summary>
    private static bool IsOurs(string name)
    {
        const string Data = DataFolder + "/";
        return name is ReadmeName or SubjectPackage.ManifestName
            || (name.StartsWith(Data, StringComparison.Ordinal) && Path.GetExtension(name) is ".json" or ".csv"
                && name.AsSpan(Data.Length, name.LastIndexOf('.') - Data.Length).ContainsAnyExcept(SubjectPackage.NameCharacters) is false);
    }

    private static void RemoveIfEmpty(string folder)
    {
        if (IsFolder(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    private static bool IsFolder(string path) => new DirectoryInfo(path) is { Exists: true, LinkTarget: null };

    /// <returns>Null where it is not this package.</returns>
    private static List<string>? NamesInZip(string path, Guid package)
    {
        if (!File.Exists(path) || IsLink(path))
        {
            return null;
        }

        try
        {
            using var file = new FileStream(StoredFile.OpenRead(path), FileAccess.Read, bufferSize: 4096);
            using var zip = new ZipArchive(file, ZipArchiveMode.Read);
            return string.Equals(zip.Comment, CommentOf(package), StringComparison.Ordinal) ? [.. zip.Entries.Select(static entry => entry.FullName)] : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <returns>Null where it is not this package.</returns>
    private static List<string>? NamesInFolder(string path, Guid package)
    {
        var manifest = Path.Combine(path, SubjectPackage.ManifestName);
        if (!File.Exists(manifest) || IsLink(manifest))
        {
            return null;
        }

        try
        {
            using var file = new FileStream(StoredFile.OpenRead(manifest), FileAccess.Read, bufferSize: 4096);
            if (file.Length > MaxManifestBytes)
            {
                return null;
            }

            using var json = JsonDocument.Parse(file);
            return json.RootElement.GetProperty("package").GetGuid() == package
                ? [.. json.RootElement.GetProperty("files").EnumerateArray().Select(static entry => entry.GetProperty("name").GetString() ?? string.Empty)]
                : null;
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
