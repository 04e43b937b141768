using System.IO.Compression;
using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Writes a package to a new folder or a new .zip file, for this account alone; whatever goes wrong, nothing of it is left.</summary>
public static class SubjectPackageWriter
{
    /// <param name="path">A name that does not exist; one that ends with .zip becomes a file.</param>
    /// <exception cref="RequestException">ExportPlaceTaken, ExportNotWritable.</exception>
    /// <returns>How many bytes were written.</returns>
    public static async Task<long> WriteAsync(SubjectPackage package, string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path) || Directory.Exists(path))
        {
            throw new RequestException(FaultCodes.ExportPlaceTaken, $"There is something at {path}.");
        }

        try
        {
            return await (IsZip(path) ? WriteZipAsync(package, path, cancellationToken) : WriteFolderAsync(package, path, cancellationToken));
        }
        catch (Exception failure)
        {
            SubjectPackageFiles.Delete(path, package.Id, isWhole: false);
            if (failure is IOException or UnauthorizedAccessException)
            {
                throw new RequestException(FaultCodes.ExportNotWritable, $"The package cannot be written to {path}: {failure.Message}", failure);
            }

            throw;
        }
    }

    internal static bool IsZip(string path) => path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase);

    private static async Task<long> WriteZipAsync(SubjectPackage package, string path, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8))
        {
            zip.Comment = SubjectPackageFiles.CommentOf(package.Id);
            foreach (var (name, content) in package.Files())
            {
                var entry = zip.CreateEntry(name, CompressionLevel.Optimal);
                entry.LastWriteTime = package.Created;
                await using var stream = await entry.OpenAsync(cancellationToken);
                await stream.WriteAsync(content, cancellationToken);
            }
        }

        await DurableFile.WriteAsync(path, bytes.ToArray(), DurableWriteOptions.Private, cancellationToken);
        return bytes.Length;
    }

    private static async Task<long> WriteFolderAsync(SubjectPackage package, string path, CancellationToken cancellationToken)
    {
        long written = 0;
        MakeFolder(path);
        MakeFolder(Path.Combine(path, SubjectPackageFiles.DataFolder));
        foreach (var (name, content) in package.Files())
        {
            await DurableFile.WriteAsync(Path.Combine(path, name.Replace('/', Path.DirectorySeparatorChar)), content, DurableWriteOptions.Private, cancellationToken);
            written += content.Length;
        }

        return written;
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
