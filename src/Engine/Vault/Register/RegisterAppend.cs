using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>What became of a change of the register.</summary>
/// <param name="Pending">Null where it stands; else the change that waits for further owners' signatures, and nothing has changed yet.</param>
public sealed record RegisterAppend(ChangeId? Pending)
{
    public static RegisterAppend Stands { get; } = new((ChangeId?)null);

    public bool IsPending => Pending is not null;

    /// <summary>What the last signature carried out: who was erased, and who waits for signatures under a change that follows.</summary>
    public IReadOnlyList<Subjects.ErasureOutcome> Erased { get; init; } = [];

    /// <summary>Whether a change that ended so is certain not to stand, so that what was made for it may go. After any other failure it may stand, and then it needs what it names.</summary>
    internal static bool IsCertainlyNot(Exception exception) =>
        exception is RequestException or KeyException
        || (exception is VaultException { Code: var code } && (code == FaultCodes.RegisterConflict || code == FaultCodes.RegisterObstructed || code == FaultCodes.MoreSignaturesNeeded))
        || exception is TargetException { Fault: TargetFault.AccessDenied };
}

/// <summary>Names a change of the register that waits for signatures: the hash of the entry that it will be.</summary>
public readonly record struct ChangeId(ContentHash Entry)
{
    public override string ToString() => Entry.ToString();
}
