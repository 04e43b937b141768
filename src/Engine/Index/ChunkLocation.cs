using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>One place where a chunk lies.</summary>
/// <param name="SaidBy">Who signed the segment that says so; null for what this run has stored and not yet committed.</param>
public sealed record ChunkLocation(PackRecord Pack, PackEntry Entry, MemberEntry? SaidBy)
{
    /// <summary>Whether a verifier says so who found the chunk there.</summary>
    public bool IsAttested { get; init; }
}

/// <summary>Something in the index, or among the packs, that is not used because of <paramref name="Fault"/>; everything else is.</summary>
public sealed record IndexProblem(ObjectName Name, BackupException Fault);

/// <summary>What segments and pack tables of one vault are opened with. The keys stay their owner's.</summary>
/// <param name="IndexKeyOf">The index key of an epoch; null where none is at hand.</param>
public sealed record IndexAccess(VaultId Vault, IMemberDirectory Members, Func<uint, RootKey?> IndexKeyOf)
{
    /// <exception cref="KeyException">IndexKeyMissing.</exception>
    internal RootKey RequireKey(in ObjectHeader header) => IndexKeyOf(header.Epoch)
        ?? throw new KeyException(FaultCodes.IndexKeyMissing, $"{header.Kind} {header.Object} is sealed under epoch {header.Epoch}, whose index key is not at hand.");
}
