using System.IO.Compression;
using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Writes a package to a new folder or a new .zip file, for this account alone. It is put together beside its place and gets its name in one step, which replaces nothing; whatever goes wrong
/// before, nothing of it is left. A crash leaves the part, which the registry knows by the package's id.
/// </summary>
public sealed class SubjectPackageWriter : IDisposable
{
    private readonly string _path;
    private readonly Guid _package;

    private SubjectPackageWriter(string path, Guid package) => (_path, _package) = (path, package);

    private string Part => SubjectPackageFiles.PartOf(_path, _package);

    /// <summary>Takes the place: from here on the package counts as one that is being made.</summary>
    /// <param name="path">A name that does not exist; one that ends with .zip becomes a file.</param>
    /// <exception cref="RequestException">ExportPlaceTaken, ExportNotWritable.</exception>
    public static SubjectPackageWriter Begin(SubjectPackage package, string path)
    {
        RequireFree(!Path.Exists(path), path);
        var writer = new SubjectPackageWriter(path, package.Id);
        writer.Guard(() =>
        {
            // A missing folder above is a typing error, and not one more folder to make.
            var above = Path.GetDirectoryName(Path.GetFullPath(path));
            if (!Directory.Exists(above))
            {
                throw new DirectoryNotFoundException($"There is no folder {above}.");
            }

            MakeFolder(writer.Part);
        });
        return writer;
    }

    /// <param name="package">The one that was begun.</param>
    /// <exception cref="RequestException">ExportPlaceTaken, ExportNotWritable.</exception>
    /// <returns>How many bytes were written.</returns>
    public async Task<long> WriteAsync(SubjectPackage package, CancellationToken cancellationToken)
    {
        try
        {
            return await (IsZip(_path) ? WriteZipAsync(package, cancellationToken) : WriteFolderAsync(package, cancellationToken));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }
    }

    /// <summary>Of a package that was not written to its end, nothing stays.</summary>
    public void Dispose() => Guard(() => SubjectPackageFiles.DeletePart(_path, _package));

    internal static bool IsZip(string path) => path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase);

    private async Task<long> WriteZipAsync(SubjectPackage package, CancellationToken cancellationToken)
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

        var file = Path.Combine(Part, "package.zip");
        await DurableFile.WriteAsync(file, bytes.ToArray(), DurableWriteOptions.Private, cancellationToken);
        RequireFree(TryMove(file), _path);
        DirectorySync.Flush(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        return bytes.Length;
    }

    private bool TryMove(string file)
    {
        try
        {
            return ExclusiveMove.TryMove(file, _path);
        }
        catch (NotSupportedException) when (!Path.Exists(_path))
        {
            // A simple file system: what was free a moment ago is taken as free.
            File.Move(file, _path);
            return true;
        }
    }

    private async Task<long> WriteFolderAsync(SubjectPackage package, CancellationToken cancellationToken)
    {
        long written = 0;
        MakeFolder(Path.Combine(Part, SubjectPackageFiles.DataFolder));
        foreach (var (name, content) in package.Files())
        {
            await DurableFile.WriteAsync(Path.Combine(Part, name.Replace('/', Path.DirectorySeparatorChar)), content, DurableWriteOptions.Private, cancellationToken);
            written += content.Length;
        }

        cancellationToken.ThrowIfCancellationRequested();
        RequireFree(!Path.Exists(_path), _path);
        Directory.Move(Part, _path);
        DirectorySync.Flush(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        return written;
    }

    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }
    }

    private RequestException Failed(Exception failure) => new(FaultCodes.ExportNotWritable, $"The package cannot be written to {_path}: {failure.Message}", failure);

    private static void RequireFree(bool isFree, string path)
    {
        if (!isFree)
        {
            throw new RequestException(FaultCodes.ExportPlaceTaken, $"There is something at {path}.");
        }
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
