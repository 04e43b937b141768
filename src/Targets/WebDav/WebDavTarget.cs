using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.WebDav;

/// <summary>
/// A folder of a server that speaks WebDAV. An object is a resource below it, its name the path. How durable a put is, and that a name is given once alone, is as good as the server.
/// </summary>
internal sealed class WebDavTarget : Target
{
    private const long LargestObjectBytes = 64L << 30;

    private readonly DavSettings _settings;
    private readonly DavClient _client;
    private readonly DavTree _tree;
    private readonly DavPuts _puts;

    public WebDavTarget(DavSettings settings, TimeProvider time)
    {
        _settings = settings;
        _client = new DavClient(settings, Meter, time);
        _tree = new DavTree(_client, settings, time);
        _puts = new DavPuts(_client, _tree, settings, time);
        Capabilities = new TargetCapabilities
        {
            ConditionalPut = settings.MovesAtomically,
            ListAfterWrite = true,
            EnforcesWriteOnce = settings.EnforcesWriteOnce,
            ObjectLock = false,
            Versions = false,
            LegalHold = false,
            ServerChecksum = false,
            MaxObjectBytes = LargestObjectBytes,
            ParallelPuts = settings.ParallelPuts,
            StoreTimeTolerance = TimeSpan.FromSeconds(2),
        };
    }

    public override string DisplayName => _settings.DisplayName;

    public override TargetCapabilities Capabilities { get; }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var given = new PutContent(name, content, options);
        given.ThrowIfLockNotKept(Capabilities);
        given.ThrowIfLongerThan(LargestObjectBytes);
        return await _puts.PutAsync(name, given, options, cancellationToken);
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var doing = $"'{name}' cannot be read";
        if (destination.IsEmpty)
        {
            var entry = await _tree.FindAsync(doing, name.Value, cancellationToken) ?? throw Missing(name);
            if (offset > entry.LengthBytes)
            {
                throw EndsBefore(name, offset);
            }

            return;
        }

        var isRead = await _client.SendAsync(
            doing,
            _ =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, _client.AddressOf(name.Value));
                request.Headers.Range = new RangeHeaderValue(offset, offset + destination.Length - 1);
                return request;
            },
            (answer, guard) => ReadRangeAsync(name, answer, offset, destination, guard.Token),
            cancellationToken);
        if (!isRead)
        {
            throw await _tree.FindAsync(doing, name.Value, cancellationToken) is null
                ? Missing(name)
                : new TargetException(TargetFault.AccessDenied, $"{doing} in {DisplayName}: the server shows the object and does not give it.");
        }
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        var doing = $"'{name}' cannot be read";
        var found = await _client.SendAsync(
            doing,
            _ => new HttpRequestMessage(HttpMethod.Get, _client.AddressOf(name.Value)),
            async (answer, guard) =>
            {
                if (!IsObject(answer))
                {
                    return null;
                }

                var stat = new ObjectStat(name, answer.Content.Headers.ContentLength!.Value, answer.Content.Headers.LastModified!.Value)
                {
                    Tag = DavTags.Normalize(answer.Headers.ETag?.ToString()),
                };
                if (stat.LengthBytes > maxBytes)
                {
                    return new WholeObject(stat, null);
                }

                var bytes = new byte[stat.LengthBytes];
                await ReadWholeAsync(name, await answer.Content.ReadAsStreamAsync(guard.Token), bytes, guard.Token);
                return new WholeObject(stat, bytes);
            },
            cancellationToken);
        if (found is not null)
        {
            return found;
        }

        // A folder, nothing, or an answer that does not say enough of itself: the other way tells.
        return await _tree.FindAsync(doing, name.Value, cancellationToken) is null ? null : await FetchInPartsAsync(name, maxBytes, cancellationToken);
    }

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        await _tree.FindAsync($"'{name}' cannot be looked up", name.Value, cancellationToken) is { } entry ? DavTree.Describe(name, entry) : null;

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        var folders = new Stack<string>([prefix.TrimEnd('/')]);
        while (folders.TryPop(out var folder))
        {
            foreach (var (name, entry) in await _tree.ReadAsync($"'{prefix}' cannot be listed", folder, cancellationToken) ?? [])
            {
                var relative = folder.Length == 0 ? name : $"{folder}/{name}";
                if (!ObjectName.IsValid(relative))
                {
                    continue;
                }

                if (entry.IsFolder)
                {
                    folders.Push(relative);
                }
                else
                {
                    yield return DavTree.Describe(new ObjectName(relative), entry);
                }
            }
        }
    }

    /// <summary>A server deletes a folder with all that is in it, so it is looked at first.</summary>
    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var doing = $"'{name}' cannot be deleted";
        if (await _tree.FindAsync(doing, name.Value, cancellationToken) is not null)
        {
            await _client.SendAsync(doing, HttpMethod.Delete, _client.AddressOf(name.Value), cancellationToken, null, HttpStatusCode.NoContent, HttpStatusCode.OK, HttpStatusCode.NotFound);
        }
    }

    public override async Task<long?> GetRoomAsync(CancellationToken cancellationToken) =>
        await _client.FindAsync("The room cannot be asked for", "", isFolder: true, cancellationToken, asksRoom: true) is [var own, ..] ? own.RoomBytes : null;

    public override async ValueTask DisposeAsync()
    {
        _tree.Dispose();
        _client.Dispose();
        await base.DisposeAsync();
    }

    /// <summary>Folders are answered with a page for people, which has no mark of its content.</summary>
    private static bool IsObject(HttpResponseMessage answer)
    {
        if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed || ((int)answer.StatusCode is >= 300 and < 400))
        {
            return false;
        }

        DavClient.Require(answer, HttpStatusCode.OK, HttpStatusCode.PartialContent);
        return answer is { Headers.ETag: not null, Content.Headers: { LastModified: not null, ContentLength: not null } };
    }

    /// <summary>False where the answer is that of no object, as far as it says.</summary>
    private async Task<bool> ReadRangeAsync(ObjectName name, HttpResponseMessage answer, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (answer.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            throw EndsBefore(name, offset + destination.Length);
        }

        // A range is one of an object: of folders there are none.
        if (answer.StatusCode is not HttpStatusCode.PartialContent && !IsObject(answer))
        {
            return false;
        }

        var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        if (answer.StatusCode is HttpStatusCode.OK)
        {
            // The server knows no ranges. All of it comes, and what was asked for is cut out.
            if (answer.Content.Headers.ContentLength - destination.Length < offset)
            {
                throw EndsBefore(name, offset + destination.Length);
            }

            await SkipAsync(body, offset, cancellationToken);
            await body.ReadExactlyAsync(destination, cancellationToken);
            return true;
        }

        if (answer.Content.Headers.ContentRange is not { From: { } from, To: { } to } || from != offset)
        {
            throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {DisplayName}: the answer is not the range from byte {offset}.");
        }

        if (to - from + 1 < destination.Length)
        {
            throw answer.Content.Headers.ContentRange.Length < offset + destination.Length
                ? EndsBefore(name, offset + destination.Length)
                : new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {DisplayName}: the answer is only a part of the range from byte {offset}.");
        }

        await ReadWholeAsync(name, body, destination, cancellationToken);
        return true;
    }

    private async Task ReadWholeAsync(ObjectName name, Stream body, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < destination.Length || await body.ReadAsync(new byte[1], cancellationToken) > 0)
        {
            throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {DisplayName}: the answer does not have the length that it announces.");
        }
    }

    private static async Task SkipAsync(Stream body, long count, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        while (count > 0)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(buffer.Length, count));
            await body.ReadExactlyAsync(piece, cancellationToken);
            count -= piece.Length;
        }
    }

    private TargetException Missing(ObjectName name) => new(TargetFault.NotFound, $"There is no object '{name}' in {DisplayName}.");

    private TargetException EndsBefore(ObjectName name, long end) => new(TargetFault.OutOfRange, $"'{name}' in {DisplayName} ends before byte {end}.");
}
