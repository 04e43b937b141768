namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode SubjectInvalid = new(1421, nameof(SubjectInvalid), "A subject's name is empty, too long, or no valid text.", "Give the value that stands for the customer in the backed-up records, such as the member number.");
    public static readonly FaultCode ReasonMissing = new(1423, nameof(ReasonMissing), "Something is to be held, released or erased, and nobody says why or for whom.", "Give the reason in a few words, and the person or office that answers for it.");
    public static readonly FaultCode NoSuchHold = new(1424, nameof(NoSuchHold), "No legal hold that stands has this id, or more than one has.", "List the holds with Get-BackupLegalHold and give the id of one.");
    public static readonly FaultCode LedgerDamaged = new(5501, nameof(LedgerDamaged), "The erasure ledger has a gap, was cut, or holds an entry that no owner signed: who was erased cannot be told.", "Copy the entry that the message names back from another copy of the vault; until then no record of a subject is read.");
    public static readonly FaultCode AdditionRefused = new(5503, nameof(AdditionRefused), "Keys of subjects that lie in the vault count for nothing: they are damaged, or of a member without the right.", "Find out who wrote them; if they were damaged, copy the object that the message names back from another copy of the vault.");
}
