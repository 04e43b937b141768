using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.WebDav;

namespace SecureBackup.Tests.Unit.Life;

public sealed class WebDavLifeTests
{
    [Fact]
    public async Task A_vault_lives_on_a_WebDAV_server_that_dies_once()
    {
        await using var server = await TestServers.OwnApacheAsync();
        var folder = server.CreateFolder();

        await ServerLife.LiveAsync(DavPlace.Open($"dav://{server.Authority}/{folder}", server.User, server.Password), Path.Join(server.Root, folder), async () =>
        {
            await server.KillAsync();
            await server.StartAgainAsync();
        });
    }
}
