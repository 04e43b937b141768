using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>What a member may do; bits as stored in the register.</summary>
[Flags]
public enum MemberRoles
{
    None = 0,
    Owner = 1,
    Maintainer = 2,
    Writer = 4,
    Verifier = 8,
    Auditor = 16,
}

/// <summary>A member as far as signatures go.</summary>
/// <param name="Name">For people; no part of any decision.</param>
public sealed record MemberEntry(MemberId Id, string Name, VerifyKey Key, MemberRoles Roles)
{
    /// <summary>What a revoked member signed counts only as far as its revocation says; nothing new is accepted from it.</summary>
    public bool IsRevoked { get; init; }

    /// <summary>Owners hold all rights.</summary>
    public bool Has(MemberRoles role) => (Roles & (role | MemberRoles.Owner)) != MemberRoles.None;
}

/// <summary>Who is known, by the newest register state.</summary>
public interface IMemberDirectory
{
    MemberEntry? Find(MemberId id);
}
