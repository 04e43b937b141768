using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Sftp;

namespace SecureBackup.Tests.Unit.Life;

public sealed class SftpLifeTests
{
    [Fact]
    public async Task A_vault_lives_on_an_SFTP_server_that_dies_once()
    {
        await using var server = await TestServers.OwnSshAsync();
        var folder = server.CreateFolder();

        await ServerLife.LiveAsync(SftpPlace.Open(server.AddressOf(folder)), folder, async () =>
        {
            await server.KillAsync();
            await server.StartAgainAsync();
        });
    }
}
