namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode SubjectInvalid = new(1421, nameof(SubjectInvalid), "A subject's name is empty, too long, or no valid text.", "Give the value that stands for the customer in the backed-up records, such as the member number.");
    public static readonly FaultCode NoSuchSubject = new(1422, nameof(NoSuchSubject), "The vault holds no key of this subject: nothing was backed up under that name.", "Check how the name is written in the backed-up records; it must be the same, letter by letter.");
    public static readonly FaultCode ReasonMissing = new(1423, nameof(ReasonMissing), "Something is to be held, released or erased, and nobody says why or for whom.", "Give the reason in a few words, and the person or office that answers for it.");
    public static readonly FaultCode NoSuchHold = new(1424, nameof(NoSuchHold), "No legal hold that stands has this id, or more than one has.", "List the holds with Get-BackupLegalHold and give the id of one.");
    public static readonly FaultCode CertificateNotWritable = new(1425, nameof(CertificateNotWritable), "The subject is erased, but the certificate could not be written.", "Run the command again with another -CertificatePath; it certifies the erasure that was done.");
    public static readonly FaultCode KeyringNotGranted = new(4401, nameof(KeyringNotGranted), "The key at hand does not open the keyring of the subjects.", "Use the key of an owner; one that was added since the last change of the keyring is let in by the next erasure of another owner.");
    public static readonly FaultCode LedgerDamaged = new(5501, nameof(LedgerDamaged), "The erasure ledger has a gap, was cut, or holds an entry that no owner signed: who was erased cannot be told.", "Copy the entry that the message names back from another copy of the vault; until then no record of a subject is read.");
    public static readonly FaultCode KeyringDamaged = new(5502, nameof(KeyringDamaged), "A part of the keyring of the subjects is missing, or is not the one that the register names.", "Copy the object that the message names back from another copy of the vault; records of the subjects in it cannot be read until then.");
    public static readonly FaultCode AdditionRefused = new(5503, nameof(AdditionRefused), "Keys of subjects that lie in the vault count for nothing: they are damaged, of a member without the right, or such as no backup makes.", "Find out who wrote them; if they were damaged, copy the object that the message names back from another copy of the vault.");
    public static readonly FaultCode SubjectKeyConflict = new(5504, nameof(SubjectKeyConflict), "Two different keys are said to be of one domain of a subject; the older one counts.", "Find out which writer stored the later one; revoke that member if its key was stolen.");
}
