using System.Globalization;
using System.Security.Cryptography;
using Renci.SshNet.Common;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Sftp;

/// <summary>The folder itself. What is missing is made, for its user alone; what is there is left as its owner has set it.</summary>
/// <param name="login">From now on the setup's own.</param>
internal sealed class SftpSetup(SftpSettings settings, SftpLogin login, TimeProvider time) : TargetSetup
{
    private const short UserAlone = 700;

    private readonly SftpPool _pool = new(settings, login, time, needsFolder: false);

    public override Task<IReadOnlyList<TargetFact>> InspectAsync(CancellationToken cancellationToken)
    {
        Meter.Count(RequestKind.Other);
        return _pool.UseAsync<IReadOnlyList<TargetFact>>(
            "The folder cannot be looked up",
            async (session, guard) =>
            {
                if (await SftpTree.GetByPathAsync(session, session.PathOf(""), guard.Token) is not { IsDirectory: true } found)
                {
                    return [new TargetFact(SetupItem.Place, FactState.Known, null)];
                }

                var room = await SftpPuts.RoomAsync(session, guard.Token);
                return
                [
                    new TargetFact(SetupItem.Place, FactState.Known, found.FullName),
                    new TargetFact(SetupItem.Versioning, FactState.NotOffered, null),
                    new TargetFact(SetupItem.ObjectLock, FactState.NotOffered, null),
                    new TargetFact(SetupItem.Room, room is null ? FactState.NotOffered : FactState.Known, room?.ToString(CultureInfo.InvariantCulture)),
                ];
            },
            cancellationToken);
    }

    public override Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken)
    {
        FolderWishes.Require(wishes, SftpSettings.Platform);
        return Task.FromResult(FolderWishes.Plan(facts, settings.DisplayName));
    }

    public override Task ApplyAsync(SetupChange change, CancellationToken cancellationToken)
    {
        Meter.Count(RequestKind.Other);
        return _pool.UseAsync(
            "The folder cannot be made",
            async (session, guard) =>
            {
                var path = session.PathOf("");
                await MakeAsync(session, path, guard.Token);
                return await SftpTree.GetByPathAsync(session, path, guard.Token) is { IsDirectory: true }
                    ? true
                    : throw new TargetException(TargetFault.PlaceMissing, $"There is no folder {settings.DisplayName}, though the server made it.");
            },
            cancellationToken);
    }

    /// <summary>SFTP knows no right to write without one to delete; a server that has it says so to nobody.</summary>
    public override Task<IReadOnlyList<string>> FindRightsTooWideAsync(CancellationToken cancellationToken) => Task.FromResult(FolderWishes.RightsTooWide(settings.EnforcesWriteOnce));

    /// <summary>
    /// Under a temporary name at first: a crash between the making and the setting of rights leaves an empty folder that nobody uses, and never one at the target's own place that others may
    /// read and that the next run takes for its owner's wish.
    /// </summary>
    private static async Task MakeAsync(SftpSession session, string path, CancellationToken cancellationToken)
    {
        var above = path[..path.LastIndexOf('/')];
        if (above.Length > 0)
        {
            await SftpTree.MakeAsync(session, "", above.TrimStart('/'), cancellationToken);
        }

        var temporary = $"{above}/{SftpTree.TemporaryPrefix}{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
        await session.Client.CreateDirectoryAsync(temporary, cancellationToken);
        try
        {
            await Task.Run(() => session.Client.ChangePermissions(temporary, UserAlone), cancellationToken);
            await session.Client.RenameFileAsync(temporary, path, cancellationToken);
        }
        catch (SftpException)
        {
            await session.Client.DeleteDirectoryAsync(temporary, cancellationToken);
            throw;
        }
    }

    public override ValueTask DisposeAsync()
    {
        _pool.Dispose();
        return ValueTask.CompletedTask;
    }
}
