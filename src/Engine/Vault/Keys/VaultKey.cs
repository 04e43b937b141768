using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>One way into a vault, as anybody sees it who has the vault open.</summary>
public sealed record VaultKey
{
    private const int LabelLetters = 200;

    /// <summary>Stays the same when the owner's keys are locked anew.</summary>
    public required Id256 Id { get; init; }

    /// <summary><c>passphrase</c>, <c>key file</c>, <c>shares</c>; <c>unreadable</c> where the object is gone or was exchanged.</summary>
    public required string Kind { get; init; }

    public string Label { get; init; } = "";

    /// <summary>Null where it cannot be read.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    public required MemberId Owner { get; init; }

    public string OwnerName { get; init; } = "";

    /// <summary>Whether this vault was opened with it.</summary>
    public bool IsInUse { get; init; }

    /// <summary>Of recovery shares, how many it takes of how many; else null.</summary>
    public (int Threshold, int Count, int Set)? Shares { get; init; }

    /// <summary>For objects in the vault: what the register calls it, and what was read under that name.</summary>
    internal NamedUnlocker Named { get; init; }

    internal Unlocker? Unlocker { get; init; }

    /// <exception cref="RequestException">InvalidKeyLabel.</exception>
    internal static string RequireLabel(string label) =>
        string.IsNullOrWhiteSpace(label) || label.Length > LabelLetters || label.Any(static letter => char.IsControl(letter) || char.IsSurrogate(letter))
            ? throw new RequestException(FaultCodes.InvalidKeyLabel, $"A key's label has 1 to {LabelLetters} printable characters.")
            : label;

    internal static VaultKey Of(Unlocker unlocker, NamedUnlocker named, UnlockedVault vault) => new()
    {
        Id = unlocker.Key,
        Kind = unlocker.Kind switch { UnlockerKind.Passphrase => "passphrase", UnlockerKind.KeyFile => "key file", _ => "shares" },
        Label = unlocker.Label,
        CreatedAt = unlocker.CreatedAt.ToDateTimeOffset(),
        Owner = unlocker.Owner,
        OwnerName = vault.Register.Find(unlocker.Owner)?.Name ?? "",
        IsInUse = vault.Access?.Unlocker.Key == unlocker.Key,
        Shares = unlocker.Shares is { } shares ? (shares.Threshold, shares.Count, shares.Identifier) : null,
        Named = named,
        Unlocker = unlocker,
    };

    internal static VaultKey Unreadable(NamedUnlocker named, MemberId owner, UnlockedVault vault) => new()
    {
        Id = named.Id.Value,
        Kind = "unreadable",
        Owner = owner,
        OwnerName = vault.Register.Find(owner)?.Name ?? "",
        Named = named,
    };
}
