using System.Collections.Concurrent;
using System.Net;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.WebDav;

/// <summary>The folders below the target's own, and what is in them.</summary>
internal sealed class DavTree(DavClient client, DavSettings settings, TimeProvider clock) : IDisposable
{
    public const string TemporaryPrefix = ".sb-tmp-";

    private readonly ConcurrentDictionary<string, bool> _ready = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _making = new(1);

    public static string FolderOf(ObjectName name) => name.Value.LastIndexOf('/') is >= 0 and var end ? name.Value[..end] : "";

    public static ObjectStat Describe(ObjectName name, DavEntry entry) => new(name, entry.LengthBytes, entry.Modified) { Tag = entry.Tag };

    /// <summary>Null where no object of this name is. That means nothing once the target's folder is gone, so it is looked for then.</summary>
    /// <exception cref="TargetException"><c>PlaceMissing</c>.</exception>
    public async Task<DavEntry?> FindAsync(string doing, string relative, CancellationToken cancellationToken)
    {
        if (await client.FindAsync(doing, relative, isFolder: false, cancellationToken) is [{ IsFolder: false } entry, ..])
        {
            return entry;
        }

        await client.RequirePlaceAsync(cancellationToken);
        return null;
    }

    /// <summary>Makes the folder of an object. Where it is there already, what crashed runs left in it a day ago is swept when it is first used.</summary>
    public async Task PrepareAsync(string folder, CancellationToken cancellationToken)
    {
        if (_ready.ContainsKey(folder))
        {
            return;
        }

        var isNew = false;
        await _making.WaitAsync(cancellationToken);
        try
        {
            for (var end = 0; end >= 0 && folder.Length > 0;)
            {
                end = folder.IndexOf('/', end + 1);
                isNew = await MakeAsync(end < 0 ? folder : folder[..end], cancellationToken);
            }
        }
        finally
        {
            _making.Release();
        }

        if (!isNew)
        {
            await SweepAsync(folder, cancellationToken);
        }

        _ready[folder] = true;
    }

    /// <summary>A folder that was taken away meanwhile is made anew by the next put.</summary>
    public void Forget(string folder) => _ready.TryRemove(folder, out _);

    /// <summary>What is directly in a folder, by its name there; null where there is no such folder.</summary>
    /// <exception cref="TargetException"><c>PlaceMissing</c>.</exception>
    public async Task<List<(string Name, DavEntry Entry)>?> ReadAsync(string doing, string folder, CancellationToken cancellationToken)
    {
        if (await FindFolderAsync(doing, folder, cancellationToken) is not { } entries)
        {
            await client.RequirePlaceAsync(cancellationToken);
            return null;
        }

        var own = client.PathOf(folder);
        var found = new List<(string, DavEntry)>(entries.Count);
        DavEntry? self = null;
        foreach (var entry in entries)
        {
            if (string.Equals(entry.Path, own, StringComparison.Ordinal))
            {
                self = entry;
            }
            else if (entry.Path.StartsWith($"{own}/", StringComparison.Ordinal) && entry.Path.IndexOf('/', own.Length + 1) < 0)
            {
                found.Add((entry.Path[(own.Length + 1)..], entry));
            }
        }

        return self switch
        {
            { IsFolder: true } => found,
            not null => null,

            // Read on, it would be an empty folder.
            _ => throw new TargetException(TargetFault.Unavailable, $"{doing} in {settings.DisplayName}: the answer is not about the folder that was asked for."),
        };
    }

    public void Dispose() => _making.Dispose();

    private async Task<List<DavEntry>?> FindFolderAsync(string doing, string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await client.FindAsync(doing, folder, isFolder: true, cancellationToken);
        }
        catch (TargetException refusal) when (refusal.Fault is TargetFault.Unavailable or TargetFault.Unsupported)
        {
            // A file that is asked for as a folder is an error to some servers.
            if (await client.FindAsync(doing, folder, isFolder: false, cancellationToken) is [{ IsFolder: false }, ..])
            {
                return null;
            }

            throw;
        }
    }

    /// <summary>False where it was there. Servers that are asked for one folder by two at once have many words for that, so the loser looks.</summary>
    private async Task<bool> MakeAsync(string folder, CancellationToken cancellationToken)
    {
        var doing = $"'{folder}' cannot be made";
        try
        {
            var status = await client.SendAsync(
                doing, DavClient.MkCol, client.AddressOf(folder, isFolder: true), cancellationToken, null, HttpStatusCode.Created, HttpStatusCode.MethodNotAllowed);
            return status is HttpStatusCode.Created;
        }
        catch (TargetException refusal) when (refusal.Fault is not (TargetFault.KeyRejected or TargetFault.Untrusted or TargetFault.ProxyRefused))
        {
            if (await client.FindAsync(doing, folder, isFolder: true, cancellationToken, asksRoom: true) is [{ IsFolder: true }, ..])
            {
                return false;
            }

            await client.RequirePlaceAsync(cancellationToken);
            throw refusal.Fault is TargetFault.NotFound ? new TargetException(TargetFault.Unavailable, refusal.Message, refusal) : refusal;
        }
    }

    private async Task SweepAsync(string folder, CancellationToken cancellationToken)
    {
        const string Doing = "What earlier runs left cannot be looked for";
        var found = await ReadAsync(Doing, folder, cancellationToken) ?? [];
        if (found.Count == 0)
        {
            return;
        }

        // By the server's own times: a host whose clock is ahead would take away what others are just sending.
        var before = Earlier(clock.GetUtcNow(), found.Max(static item => item.Entry.Modified)) - DurableFile.StaleAge;
        foreach (var (name, entry) in found)
        {
            if (!entry.IsFolder && name.StartsWith(TemporaryPrefix, StringComparison.Ordinal) && entry.Modified < before)
            {
                await TryDeleteAsync(folder.Length == 0 ? name : $"{folder}/{name}", cancellationToken);
            }
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>What is not deleted is in nobody's way: a later sweep takes it.</summary>
    public async Task TryDeleteAsync(string relative, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync($"'{relative}' cannot be deleted", HttpMethod.Delete, client.AddressOf(relative), cancellationToken, null, HttpStatusCode.NoContent, HttpStatusCode.OK, HttpStatusCode.NotFound);
        }
        catch (Exception exception) when (exception is TargetException or OperationCanceledException)
        {
            // What went wrong before is what the caller must know.
        }
    }
}
