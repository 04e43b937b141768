namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode ShareWordUnknown = new(1801, nameof(ShareWordUnknown), "A word of a recovery share is not one of the 1,024 that shares are made of.", "Compare the word that the message counts with the sheet; four letters of each word are enough.");
    public static readonly FaultCode ShareChecksumWrong = new(1802, nameof(ShareChecksumWrong), "The words of a recovery share do not fit together: at least one is wrong, missing or out of order.", "Compare the words with the sheet, first those that the message counts.");
    public static readonly FaultCode ShareLengthWrong = new(1803, nameof(ShareLengthWrong), "A recovery share has too many or too few words.", "Give all words of the sheet in order, once each.");
    public static readonly FaultCode ShareMalformed = new(1804, nameof(ShareMalformed), "The words are not a recovery share that SLIP-0039 allows.", "Give the words of a sheet that Export-BackupRecoveryShare made.");
    public static readonly FaultCode SharesOfDifferentSets = new(1805, nameof(SharesOfDifferentSets), "The recovery shares are not all of one set.", "Take sheets with the same set number and the same vault.");
    public static readonly FaultCode TooFewShares = new(1806, nameof(TooFewShares), "There are fewer recovery shares than the set needs.", "Bring as many different sheets of the set together as each of them says.");
    public static readonly FaultCode DuplicateShare = new(1807, nameof(DuplicateShare), "The same recovery share was given twice.", "Give each sheet once; copies of one sheet count as one.");
    public static readonly FaultCode SharesDoNotFit = new(1808, nameof(SharesDoNotFit), "The recovery shares are whole and of one set, and yet give no secret together: one of them was forged.", "Try other sheets of the set; find out who made the sheet without which it works.");
    public static readonly FaultCode InvalidShareCount = new(1809, nameof(InvalidShareCount), "A secret cannot be shared in this way.", "Choose a threshold of 2 or more and a count from the threshold to 16, such as -Threshold 3 -Count 5.");
    public static readonly FaultCode SharesOpenNothing = new(4201, nameof(SharesOpenNothing), "These recovery sheets are whole and fit each other, but the vault is not locked with them.", "Take the sheets of a newer set, or of this vault; remove old sets from their places.");
    public static readonly FaultCode UnlockerNotRenewable = new(4210, nameof(UnlockerNotRenewable), "A key that was added by an earlier version cannot be carried over to a new lock without its secret.", "Add it anew with Add-BackupVaultKey (and remove the old one in the same step with -Replace), or remove it too.");
    public static readonly FaultCode UnlockerExchanged = new(4212, nameof(UnlockerExchanged), "An unlocker is not the one that the vault's register names: somebody put another in its place.", "Copy the object back from another copy of the vault; find out who can write to the target.");
    public static readonly FaultCode UnlockerMissing = new(4213, nameof(UnlockerMissing), "An unlocker that the vault's register names is not on the target.", "Copy the object back from another copy of the vault, or open the vault with another of its keys.");
}
