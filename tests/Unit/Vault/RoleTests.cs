using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Vault;

/// <summary>What each role's key can do, as the table of roles in docs/guide/members.md says.</summary>
public sealed class RoleTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Owners_hold_all_rights_and_others_their_own()
    {
        using var owner = await _bench.CreateAsync();
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop01");
        foreach (var role in new[] { MemberRoles.Owner, MemberRoles.Maintainer, MemberRoles.Writer, MemberRoles.Verifier, MemberRoles.Auditor })
        {
            owner.RequireRole(role);
            if (role != MemberRoles.Writer)
            {
                var refused = await VaultBench.RefusedAsync(FaultCodes.RoleMissing, () => Task.Run(() => writer.RequireRole(role)));
                Assert.Contains($"takes the role {role.ToString().ToLowerInvariant()}", refused.Message, StringComparison.Ordinal);
            }
        }

        writer.RequireRole(MemberRoles.Writer);
    }
}
