using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Sftp;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Checksums;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Sftp;

/// <summary>An object is written under a temporary name beside its own, looked at, and gets its name by a rename.</summary>
internal sealed class SftpPuts(SftpPool pool, SftpTree tree, SftpSettings settings, TimeProvider time)
{
    private static readonly TimeSpan CleanupTimeout = TimeSpan.FromSeconds(15);

    public async Task<PutReceipt> PutAsync(ObjectName name, PutContent content, PutOptions options, CancellationToken cancellationToken)
    {
        await AnnouncedHash.ProveAsync(name, content, options, cancellationToken);
        GuardedContent? body = null;
        try
        {
            return await pool.UseAsync(
                $"'{name}' cannot be stored",
                async (session, guard) =>
                {
                    var folder = SftpTree.FolderOf(name);
                    await tree.PrepareAsync(session, folder, guard.Moved, guard.Token);
                    var temporary = session.PathOf($"{(folder.Length == 0 ? "" : $"{folder}/")}{SftpTree.TemporaryPrefix}{RandomNumberGenerator.GetHexString(32, lowercase: true)}");
                    try
                    {
                        body = guard.Watch(content.AsStream());
                        var written = await WriteAsync(session, temporary, body, guard);
                        guard.Token.ThrowIfCancellationRequested();
                        await PublishAsync(session, temporary, name, options.IfAbsent);
                        return new PutReceipt(written.Size, new DateTimeOffset(written.LastWriteTimeUtc));
                    }
                    catch (Exception exception)
                    {
                        await CleanUpAsync(session, temporary);
                        if (exception is SftpPathNotFoundException)
                        {
                            // The folder was taken away meanwhile.
                            tree.Forget(folder);
                            await session.RequireRootAsync(settings.DisplayName, guard.Token);
                            throw new TargetException(TargetFault.Unavailable, $"'{name}' cannot be stored in {settings.DisplayName}: its folder went away.", exception);
                        }

                        if (exception is SftpException { StatusCode: StatusCode.Failure })
                        {
                            // OpenSSH has one word for all that its system refuses.
                            throw await RoomAsync(session, guard.Token) < content.LengthBytes
                                ? new TargetException(TargetFault.QuotaExceeded, $"'{name}' cannot be stored: {settings.DisplayName} is full.", exception)
                                : new TargetException(TargetFault.Unavailable, $"'{name}' cannot be stored in {settings.DisplayName} ({StatusCode.Failure}).", exception)
                                {
                                    Remedy = "Check the disk of the server, and whether the user's quota there is used up; then run the command again. What was uploaded is reused.",
                                };
                        }

                        throw;
                    }
                },
                cancellationToken);
        }
        catch (Exception) when (body?.Failure is not null)
        {
            ExceptionDispatchInfo.Throw(body.Failure);
            throw;
        }
    }

    /// <summary>Null where the server does not say.</summary>
    public static async Task<long?> RoomAsync(SftpSession session, CancellationToken cancellationToken)
    {
        try
        {
            var status = await session.Client.GetStatusAsync(session.PathOf(""), cancellationToken);
            return (long)UInt128.Min((UInt128)status.AvailableBlocks * status.BlockSize, (UInt128)long.MaxValue);
        }
        catch (Exception exception) when (exception is NotSupportedException or SftpException)
        {
            return null;
        }
    }

    private async Task<SftpFileAttributes> WriteAsync(SftpSession session, string temporary, GuardedContent body, StallGuard guard)
    {
        await session.Client.UploadFileAsync(body, temporary, canOverride: false, new Progress(guard), guard.Token);
        var written = await session.Client.GetAttributesAsync(temporary, guard.Token);
        return written.Size == body.Length
            ? written
            : throw new TargetException(TargetFault.Unavailable, $"{settings.DisplayName} kept {written.Size} of {body.Length} bytes.");
    }

    /// <summary>From here on nothing can be taken back, so the caller's cancellation is not looked at any more.</summary>
    private async Task PublishAsync(SftpSession session, string temporary, ObjectName name, bool isIfAbsent)
    {
        using var guard = new StallGuard(settings.StallTimeout, time, CancellationToken.None);
        var final = session.PathOf(name.Value);
        if (!isIfAbsent)
        {
            // A rename that replaces is an extension of OpenSSH, which the library offers to threads that wait.
            await Task.Run(() => session.Client.RenameFile(temporary, final, isPosix: true), CancellationToken.None);
            return;
        }

        // Not one step, and so not declared: of two that put one name at the same moment one may replace the other's.
        if (!settings.RefusesTakenNames && await SftpTree.GetAsync(session, name.Value, guard.Token) is not null)
        {
            throw Exists(name);
        }

        try
        {
            await session.Client.RenameFileAsync(temporary, final, guard.Token);
        }
        catch (SftpException exception) when (exception.StatusCode is StatusCode.Failure)
        {
            if (await SftpTree.GetAsync(session, name.Value, guard.Token) is not null)
            {
                throw Exists(name, exception);
            }

            throw;
        }
    }

    private TargetException Exists(ObjectName name, SftpException? cause = null) => new(TargetFault.AlreadyExists, $"'{name}' exists in {settings.DisplayName}.", cause);

    private async Task CleanUpAsync(SftpSession session, string temporary)
    {
        if (!session.Client.IsConnected)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(CleanupTimeout, time);
            await session.Client.DeleteFileAsync(temporary, limit.Token);
        }
        catch (Exception exception) when (exception is SftpException || SftpFaults.IsBroken(exception))
        {
            // The sweep of a later run takes it.
        }
    }

    private sealed class Progress(StallGuard guard) : IProgress<UploadFileProgressReport>
    {
        public void Report(UploadFileProgressReport value) => guard.Moved();
    }
}
