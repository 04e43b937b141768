namespace SecureBackup.Engine.Faults;

public static partial class FaultCodes
{
    public static readonly FaultCode NoVaultGiven = new(1401, nameof(NoVaultGiven), "No vault was named and none is connected.", "Name one with -Vault, or connect one with Connect-BackupVault.");
    public static readonly FaultCode SeveralVaultsConnected = new(1402, nameof(SeveralVaultsConnected), "Several vaults are connected, so it is not clear which one is meant.", "Name one with -Vault.");
    public static readonly FaultCode NotAFileSystemPath = new(1403, nameof(NotAFileSystemPath), "The path leads to something other than the file system.", "Give a path of a folder or file on a disk or share.");
    public static readonly FaultCode NothingMatchesPath = new(1404, nameof(NothingMatchesPath), "The wildcards in the path match nothing, so there is nothing to back up.", "Correct the pattern, or use -LiteralPath if its characters are meant as they are.");
    public static readonly FaultCode NoKeyGiven = new(1405, nameof(NoKeyGiven), "The vault needs a key, none was given, and nobody can be asked in this session.", "Give -Passphrase or -KeyFile, or set SECUREBACKUP_KEYFILE or SECUREBACKUP_PASSPHRASE.");
    public static readonly FaultCode PassphrasesDiffer = new(1406, nameof(PassphrasesDiffer), "The passphrase and its repetition are not the same.", "Run the command again and type the same passphrase twice.");
    public static readonly FaultCode TwoKeysGiven = new(1407, nameof(TwoKeysGiven), "Both a passphrase and a key file were given, and one opens the vault.", "Give one of them.");
    public static readonly FaultCode DataSetNotNamed = new(1408, nameof(DataSetNotNamed), "The vault holds several data sets, so it is not clear which one is meant.", "Name it with -DataSet, or a snapshot with -Snapshot.");
    public static readonly FaultCode NoSnapshotFound = new(1409, nameof(NoSnapshotFound), "The vault holds no snapshot that fits.", "Look with Get-CustomerBackup what there is.");
    public static readonly FaultCode PathInNoSnapshot = new(1410, nameof(PathInNoSnapshot), "No searched snapshot holds a path like that.", "Search all snapshots with Get-CustomerBackupItem -All, and use wildcards such as *invoice*.");
    public static readonly FaultCode DestinationInsideVault = new(1411, nameof(DestinationInsideVault), "The restore would write into the vault's own folder.", "Choose a folder outside the vault.");
}
