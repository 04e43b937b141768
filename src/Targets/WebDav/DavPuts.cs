using System.Net;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Checksums;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.WebDav;

/// <summary>An object is sent under a temporary name beside its own, looked at, and moved to its name, which the server refuses where that is taken.</summary>
internal sealed class DavPuts(DavClient client, DavTree tree, DavSettings settings, TimeProvider time)
{
    private const int BufferBytes = 128 * 1024;

    private const int LockedTurns = 50;

    private static readonly TimeSpan LockedPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CleanupTimeout = TimeSpan.FromSeconds(15);

    public async Task<PutReceipt> PutAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        await AnnouncedHash.ProveAsync(name, content, options, cancellationToken);
        var folder = DavTree.FolderOf(name);
        await tree.PrepareAsync(folder, cancellationToken);
        var temporary = $"{(folder.Length == 0 ? "" : $"{folder}/")}{DavTree.TemporaryPrefix}{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
        try
        {
            var written = await WriteAsync(name, temporary, content, cancellationToken);
            await RequireAbsentAsync(name, options, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            await PublishAsync(name, temporary, options.IfAbsent);
            return new PutReceipt(written.LengthBytes, written.Modified) { Tag = written.Tag };
        }
        catch (Exception exception)
        {
            using var limit = new CancellationTokenSource(CleanupTimeout, time);
            await tree.TryDeleteAsync(temporary, limit.Token);
            if (exception is TargetException { Fault: TargetFault.NotFound })
            {
                tree.Forget(folder);
                await client.RequirePlaceAsync(cancellationToken);
                throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be stored in {settings.DisplayName}: its folder went away.", exception);
            }

            throw;
        }
    }

    private async Task<DavEntry> WriteAsync(ObjectName name, string temporary, PutContent content, CancellationToken cancellationToken)
    {
        var doing = $"'{name}' cannot be stored";
        GuardedContent? body = null;
        try
        {
            await client.SendAsync(
                doing,
                guard =>
                {
                    body = guard.Watch(content.AsStream());
                    var request = new HttpRequestMessage(HttpMethod.Put, client.AddressOf(temporary)) { Content = new StreamContent(body, BufferBytes) };
                    request.Content.Headers.ContentLength = content.LengthBytes;
                    return request;
                },
                (answer, _) => answer.StatusCode is HttpStatusCode.Conflict
                    ? throw new TargetException(TargetFault.NotFound, $"{doing} in {settings.DisplayName}: its folder is missing.")
                    : Task.FromResult(DavClient.Require(answer, HttpStatusCode.Created, HttpStatusCode.NoContent, HttpStatusCode.OK)),
                cancellationToken);
        }
        catch (Exception) when (body?.Failure is not null)
        {
            // The caller's stream broke, or was not what it announced.
            ExceptionDispatchInfo.Throw(body.Failure);
            throw;
        }

        var written = await client.FindAsync(doing, temporary, isFolder: false, cancellationToken);
        return written is [{ IsFolder: false } entry, ..] && entry.LengthBytes == content.LengthBytes
            ? entry
            : throw new TargetException(TargetFault.Unavailable, $"{doing} in {settings.DisplayName}: the server kept {(written is [var part, ..] ? part.LengthBytes : 0)} of {content.LengthBytes} bytes.");
    }

    /// <summary>
    /// A server may pass over that it is not to overwrite, and nothing tries that. A name that others give too is looked up first: not one step, so that of two who give it at the same
    /// moment one may still replace the other's.
    /// </summary>
    private async Task RequireAbsentAsync(ObjectName name, PutOptions options, CancellationToken cancellationToken)
    {
        if (options is { IfAbsent: true, IsOwnName: false } && !settings.MovesAtomically
            && await client.FindAsync($"'{name}' cannot be looked up", name.Value, isFolder: false, cancellationToken) is [{ IsFolder: false }, ..])
        {
            throw Exists(name);
        }
    }

    private TargetException Exists(ObjectName name) => new(TargetFault.AlreadyExists, $"'{name}' exists in {settings.DisplayName}.");

    /// <summary>From here on nothing can be taken back, so the caller's cancellation is not looked at any more.</summary>
    private async Task PublishAsync(ObjectName name, string temporary, bool isIfAbsent)
    {
        for (var turn = 0; ; turn++)
        {
            var status = await client.SendAsync(
                $"'{name}' cannot be given its name",
                DavClient.Move,
                client.AddressOf(temporary),
                CancellationToken.None,
                headers =>
                {
                    headers.TryAddWithoutValidation("Destination", client.AddressOf(name.Value).AbsoluteUri);
                    headers.Add("Overwrite", isIfAbsent ? "F" : "T");
                },
                HttpStatusCode.Created,
                HttpStatusCode.NoContent,
                HttpStatusCode.PreconditionFailed,
                HttpStatusCode.Locked);
            if (status is HttpStatusCode.PreconditionFailed)
            {
                throw Exists(name);
            }

            if (status is not HttpStatusCode.Locked)
            {
                return;
            }

            // Another put of this name is at this very step: servers lock a name while it is given.
            if (turn == LockedTurns)
            {
                throw new TargetException(TargetFault.Unavailable, $"'{name}' is locked in {settings.DisplayName}.");
            }

            await Task.Delay(LockedPause, time);
        }
    }
}
