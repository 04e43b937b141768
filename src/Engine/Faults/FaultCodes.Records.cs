namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode RecordCyclic = new(6200, nameof(RecordCyclic), "An object leads back to itself, so it has no end that could be stored.", "Select the properties that you want, without the one that leads back.");
    public static readonly FaultCode RecordTooDeep = new(6201, nameof(RecordTooDeep), "An object nests deeper than a record may.", "Select the properties that you want; objects that give a new object at each look have no end.");
    public static readonly FaultCode RecordTooLarge = new(6202, nameof(RecordTooLarge), "One object is larger than a record may be.", "Select the properties that you want, or back large contents up as files.");
    public static readonly FaultCode RecordValueRefused = new(6203, nameof(RecordValueRefused), "An object holds something that cannot come back as it was, or that is a secret.", "Leave the property out, or turn it into a value first.");
    public static readonly FaultCode SubjectMissing = new(6204, nameof(SubjectMissing), "A record lacks the property that says whose it is; it is not in the backup.", "Give the record the property, or back such records up as a data set of their own.");
    public static readonly FaultCode RecordFaultsUnlisted = new(6205, nameof(RecordFaultsUnlisted), "So many records could not be backed up that not each is listed.", "Look at the first ones; the others have most likely the same reason.");
    public static readonly FaultCode SubjectErasedMeanwhile = new(6206, nameof(SubjectErasedMeanwhile), "A customer was erased in the moment in which the backup with her records ended; nothing was committed.", "Run the backup again.") { IsTransient = true };
    public static readonly FaultCode NoRecordHasSubject = new(1120, nameof(NoRecordHasSubject), "None of the records has the property that should say whose it is.", "Correct -SubjectProperty; it names a property, or a path such as Customer.Id.");
    public static readonly FaultCode RecordSpillFailed = new(1121, nameof(RecordSpillFailed), "The temporary folder did not take or give back what a backup of records keeps there, sealed, while it runs.", "Free space in the temporary folder, or set TMPDIR (on Windows: TEMP) to a larger disk.");
    public static readonly FaultCode PathsAndRecordsMixed = new(1122, nameof(PathsAndRecordsMixed), "Paths and other objects came in through one pipeline.", "Back files up with one command and records with another.");
    public static readonly FaultCode RecordsNeedDataSet = new(1123, nameof(RecordsNeedDataSet), "Records are backed up without the name of a data set.", "Name it with -DataSet.");
    public static readonly FaultCode ParameterOfOtherKind = new(1124, nameof(ParameterOfOtherKind), "A parameter was given that means nothing for what is backed up or restored here: one for files with records, or one for records with files.", "Leave the parameter out, or check whether this is the command that you meant.");
    public static readonly FaultCode SubjectHasNoData = new(1125, nameof(SubjectHasNoData), "No snapshot holds anything of this customer that could be opened.", "Check the spelling; if the customer was erased, this is what remains.");
    public static readonly FaultCode ExportPlaceTaken = new(1126, nameof(ExportPlaceTaken), "The file or folder for a customer's package exists already.", "Choose a name that does not exist yet.");
    public static readonly FaultCode ExportNotWritable = new(1127, nameof(ExportNotWritable), "A customer's package could not be written; what was begun is deleted.", "Free space, or choose another folder.");
    public static readonly FaultCode ExportPending = new(1128, nameof(ExportPending), "A package of the customer's data is being made, or was made and not handed over: it lies where it was written.", "Hand it over and move it away or delete it, then erase; -Force erases now and deletes the package.");
    public static readonly FaultCode ErasedWhileExported = new(1129, nameof(ErasedWhileExported), "The customer was erased while her data was exported; the package is deleted.", "If that was not meant, ask who erased her; what is destroyed does not come back.");
    public static readonly FaultCode RecordMalformed = new(3600, nameof(RecordMalformed), "A stored record opens, but what it says cannot be.", "Restore another snapshot, and report this: a member wrote what no release writes.");
    public static readonly FaultCode RecordsAreNotFiles = new(4500, nameof(RecordsAreNotFiles), "The entry holds a customer's records, which come back as objects and not as a file.", "Restore the snapshot without -Destination; the records then come out of the pipeline.");
}
