using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault;

/// <summary>What people call and say about members.</summary>
internal static class MemberText
{
    internal static string RolesOf(MemberRoles roles) => roles == MemberRoles.None
        ? "none"
        : string.Join(" and ", Enum.GetValues<MemberRoles>().Where(role => role != MemberRoles.None && roles.HasFlag(role)).Select(static role => role.ToString().ToLowerInvariant()));

    /// <summary>A note of the register with this reason; nothing where there is none.</summary>
    /// <exception cref="RequestException">InvalidVaultOption.</exception>
    internal static IEnumerable<RegisterNote> NoteOf(string? reason) => string.IsNullOrWhiteSpace(reason) ? []
        : reason.Length <= RegisterNote.MaxLength && !reason.Any(char.IsControl) ? [new RegisterNote(reason)]
        : throw new RequestException(FaultCodes.InvalidVaultOption, $"A reason has at most {RegisterNote.MaxLength} characters, in one line.");
}
