using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Sftp;

/// <summary>
/// A folder of a server that speaks SFTP. An object is a file below it, its name the path; files and links that others put there are never taken for objects.
/// How durable a put is, and that a name is given once alone, is as good as the server: OpenSSH gives it by a hard link, or refuses.
/// </summary>
internal sealed class SftpTarget : Target
{
    private const long LargestObjectBytes = 64L << 30;

    private readonly SftpSettings _settings;
    private readonly SftpPool _pool;
    private readonly SftpTree _tree;
    private readonly SftpPuts _puts;

    /// <param name="login">From now on the target's own.</param>
    public SftpTarget(SftpSettings settings, SftpLogin login, TimeProvider time)
    {
        _settings = settings;
        _pool = new SftpPool(settings, login, time);
        _tree = new SftpTree(settings, time);
        _puts = new SftpPuts(_pool, _tree, settings, time);
        Capabilities = new TargetCapabilities
        {
            ConditionalPut = settings.RefusesTakenNames,
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
        Meter.Count(RequestKind.Put);
        var receipt = await _puts.PutAsync(name, given, options, cancellationToken);
        Meter.AddSent(receipt.LengthBytes);
        return receipt;
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Meter.Count(RequestKind.Get);
        await _pool.UseAsync(
            $"'{name}' cannot be read",
            async (session, guard) =>
            {
                var file = await _tree.FindAsync(session, name, guard.Token) ?? throw new TargetException(TargetFault.NotFound, $"There is no object '{name}' in {DisplayName}.");
                if (offset > file.Length - destination.Length)
                {
                    throw new TargetException(TargetFault.OutOfRange, $"'{name}' in {DisplayName} ends before byte {offset + destination.Length}.");
                }

                await ReadAsync(session, name, offset, destination, guard.Moved, guard.Token);
                return true;
            },
            cancellationToken);
    }

    public override async Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
    {
        Meter.Count(RequestKind.Get);
        return await _pool.UseAsync(
            $"'{name}' cannot be read",
            async (session, guard) =>
            {
                if (await _tree.FindAsync(session, name, guard.Token) is not { } file)
                {
                    return null;
                }

                if (file.Length > maxBytes)
                {
                    return new WholeObject(SftpTree.Describe(name, file), null);
                }

                var bytes = new byte[file.Length];
                await ReadAsync(session, name, 0, bytes, guard.Moved, guard.Token);
                return new WholeObject(SftpTree.Describe(name, file), bytes);
            },
            cancellationToken);
    }

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        Meter.Count(RequestKind.Stat);
        return await _pool.UseAsync(
            $"'{name}' cannot be looked up",
            async (session, guard) => await _tree.FindAsync(session, name, guard.Token) is { } file ? SftpTree.Describe(name, file) : null,
            cancellationToken);
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectPrefix.ThrowIfInvalid(prefix);
        Meter.Count(RequestKind.List);
        var folders = new Stack<string>([prefix.TrimEnd('/')]);
        while (folders.TryPop(out var folder))
        {
            var found = await _pool.UseAsync($"'{prefix}' cannot be listed", (session, guard) => _tree.ReadAsync(session, folder, guard.Moved, guard.Token), cancellationToken);
            foreach (var below in found.Folders)
            {
                folders.Push(below);
            }

            foreach (var stat in found.Objects)
            {
                yield return stat;
            }
        }
    }

    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Meter.Count(RequestKind.Delete);
        await _pool.UseAsync(
            $"'{name}' cannot be deleted",
            async (session, guard) =>
            {
                if (await _tree.FindOwnAsync(session, name, guard.Token) is not null)
                {
                    await DeleteAsync(session, name, guard.Token);
                }

                return true;
            },
            cancellationToken);
    }

    public override async Task<long?> GetRoomAsync(CancellationToken cancellationToken)
    {
        Meter.Count(RequestKind.Other);
        return await _pool.UseAsync("The room cannot be asked for", (session, guard) => SftpPuts.RoomAsync(session, guard.Token), cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        _pool.Dispose();
        await base.DisposeAsync();
    }

    private static async Task DeleteAsync(SftpSession session, ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            await session.Client.DeleteFileAsync(session.PathOf(name.Value), cancellationToken);
        }
        catch (Renci.SshNet.Common.SftpPathNotFoundException)
        {
            // Somebody else deleted it in the meantime.
        }
    }

    private async Task ReadAsync(SftpSession session, ObjectName name, long offset, Memory<byte> destination, Action moved, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty)
        {
            return;
        }

        await using var file = await session.Client.OpenAsync(session.PathOf(name.Value), FileMode.Open, FileAccess.Read, cancellationToken);
        file.Position = offset;
        for (var left = destination; left.Length > 0;)
        {
            var count = await file.ReadAsync(left, cancellationToken);
            if (count == 0)
            {
                throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be read in {DisplayName}: it ended before byte {offset + destination.Length}.");
            }

            moved();
            Meter.AddReceived(count);
            left = left[count..];
        }
    }
}
