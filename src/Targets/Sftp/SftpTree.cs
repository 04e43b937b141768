using System.Collections.Concurrent;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Sftp;

/// <summary>The folders below the target's own. A link there is never an object and never a way to one: the server resolves paths, so one whose real path is another was a link.</summary>
internal sealed class SftpTree(SftpSettings settings, TimeProvider clock)
{
    public const string TemporaryPrefix = ".sb-tmp-";

    private readonly ConcurrentDictionary<string, bool> _ready = new(StringComparer.Ordinal);

    public static string FolderOf(ObjectName name) => name.Value.LastIndexOf('/') is >= 0 and var end ? name.Value[..end] : "";

    public static ObjectStat Describe(ObjectName name, ISftpFile file) => new(name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc));

    /// <summary>Null where no object of this name is. That means nothing once the target's folder is gone, so it is looked for then.</summary>
    /// <exception cref="TargetException"><c>PlaceMissing</c>.</exception>
    public async Task<ISftpFile?> FindAsync(SftpSession session, ObjectName name, CancellationToken cancellationToken)
    {
        if (await GetAsync(session, name.Value, cancellationToken) is { IsRegularFile: true } file && IsAt(session, file, name.Value))
        {
            return file;
        }

        await session.RequireRootAsync(settings.DisplayName, cancellationToken);
        return null;
    }

    /// <summary>As <see cref="FindAsync"/>, for what is to be deleted: a link is refused, since the server would delete what it leads to.</summary>
    public async Task<ISftpFile?> FindOwnAsync(SftpSession session, ObjectName name, CancellationToken cancellationToken)
    {
        var found = await GetAsync(session, name.Value, cancellationToken);
        if (found is not null && !IsAt(session, found, name.Value))
        {
            throw BehindLink(name.Value);
        }

        return found is { IsRegularFile: true } ? found : await FindAsync(session, name, cancellationToken);
    }

    /// <summary>Makes the folder of an object. When it is first used, what crashed runs left in it a day ago is swept.</summary>
    public async Task PrepareAsync(SftpSession session, string folder, Action moved, CancellationToken cancellationToken)
    {
        if (_ready.ContainsKey(folder))
        {
            return;
        }

        if (await GetAsync(session, folder, cancellationToken) is not { } found)
        {
            await session.RequireRootAsync(settings.DisplayName, cancellationToken);
            await RequireNoLinkAboveAsync(session, folder, cancellationToken);
            await MakeAsync(session, session.Root, folder, cancellationToken);
        }
        else if (!found.IsDirectory || !IsAt(session, found, folder))
        {
            throw BehindLink(folder);
        }
        else
        {
            await SweepAsync(session, folder, moved, cancellationToken);
        }

        _ready[folder] = true;
    }

    /// <summary>A folder that was taken away meanwhile is made anew by the next put.</summary>
    public void Forget(string folder) => _ready.TryRemove(folder, out _);

    /// <summary>One folder: objects, and the folders that may hold some. Nothing where it is missing.</summary>
    public async Task<SftpFolder> ReadAsync(SftpSession session, string folder, Action moved, CancellationToken cancellationToken)
    {
        var found = new SftpFolder([], []);
        if (await GetAsync(session, folder, cancellationToken) is not { IsDirectory: true } own || !IsAt(session, own, folder))
        {
            await session.RequireRootAsync(settings.DisplayName, cancellationToken);
            return found;
        }

        try
        {
            await foreach (var file in session.Client.ListDirectoryAsync(session.PathOf(folder), cancellationToken))
            {
                moved();
                var relative = folder.Length == 0 ? file.Name : $"{folder}/{file.Name}";
                if (file.Name.Contains('/', StringComparison.Ordinal) || !ObjectName.IsValid(relative))
                {
                    continue;
                }

                if (file.IsDirectory)
                {
                    found.Folders.Add(relative);
                }
                else if (file.IsRegularFile)
                {
                    found.Objects.Add(Describe(new ObjectName(relative), file));
                }
            }

            return found;
        }
        catch (SftpPathNotFoundException)
        {
            await session.RequireRootAsync(settings.DisplayName, cancellationToken);
            return new SftpFolder([], []);
        }
    }

    public static Task<ISftpFile?> GetAsync(SftpSession session, string relative, CancellationToken cancellationToken) =>
        GetByPathAsync(session, session.PathOf(relative), cancellationToken);

    public static async Task<ISftpFile?> GetByPathAsync(SftpSession session, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await session.Client.GetAsync(path, cancellationToken);
        }
        catch (SftpPathNotFoundException)
        {
            return null;
        }
    }

    /// <summary>A folder and those above it, as far as they are missing.</summary>
    /// <param name="start">Where <paramref name="folder"/> starts; without a slash at its end.</param>
    public static async Task MakeAsync(SftpSession session, string start, string folder, CancellationToken cancellationToken)
    {
        for (var end = folder.IndexOf('/', StringComparison.Ordinal); ; end = folder.IndexOf('/', end + 1))
        {
            var path = $"{start}/{(end < 0 ? folder : folder[..end])}";
            try
            {
                await session.Client.CreateDirectoryAsync(path, cancellationToken);
            }
            catch (SftpException exception) when (exception.StatusCode is StatusCode.Failure or StatusCode.PermissionDenied)
            {
                // It may be there, made by somebody else a moment ago; servers have no word of their own for that.
                if (await GetByPathAsync(session, path, cancellationToken) is not { IsDirectory: true })
                {
                    throw;
                }
            }

            if (end < 0)
            {
                return;
            }
        }
    }

    /// <summary>What would be made behind a link would be nowhere, as far as this target goes.</summary>
    private async Task RequireNoLinkAboveAsync(SftpSession session, string folder, CancellationToken cancellationToken)
    {
        for (var end = folder.IndexOf('/', StringComparison.Ordinal); end >= 0; end = folder.IndexOf('/', end + 1))
        {
            if (await GetAsync(session, folder[..end], cancellationToken) is not { } found)
            {
                return;
            }

            if (!found.IsDirectory || !IsAt(session, found, folder[..end]))
            {
                throw BehindLink(folder[..end]);
            }
        }
    }

    private static bool IsAt(SftpSession session, ISftpFile file, string relative) => string.Equals(file.FullName, session.PathOf(relative), StringComparison.Ordinal);

    private async Task SweepAsync(SftpSession session, string folder, Action moved, CancellationToken cancellationToken)
    {
        var temporaries = new List<(string Path, DateTime Written)>();
        var newest = DateTime.MinValue;
        await foreach (var file in session.Client.ListDirectoryAsync(session.PathOf(folder), cancellationToken))
        {
            moved();
            newest = file.LastWriteTimeUtc > newest ? file.LastWriteTimeUtc : newest;
            if (file.IsRegularFile && file.Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal) && !file.Name.Contains('/', StringComparison.Ordinal))
            {
                temporaries.Add(($"{session.PathOf(folder)}/{file.Name}", file.LastWriteTimeUtc));
            }
        }

        // By the server's own times: a host whose clock is ahead would take away what others are just sending.
        var now = clock.GetUtcNow().UtcDateTime;
        newest = newest < now ? newest : now;
        foreach (var (path, _) in temporaries.Where(temporary => newest - temporary.Written > DurableFile.StaleAge))
        {
            try
            {
                await session.Client.DeleteFileAsync(path, cancellationToken);
                moved();
            }
            catch (SftpException)
            {
                // Another run swept it, or it belongs to somebody else. It is in nobody's way.
            }
        }
    }

    private TargetException BehindLink(string relative) => new(TargetFault.AccessDenied, $"'{relative}' is a link in {settings.DisplayName}, or lies behind one; links are not followed.");
}

internal sealed record SftpFolder(List<ObjectStat> Objects, List<string> Folders);
