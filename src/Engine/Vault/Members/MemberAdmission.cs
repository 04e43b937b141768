using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>Who is to become a member.</summary>
public sealed record NewMember(string Name, MemberRoles Roles)
{
    /// <summary>Where the member's key file is written; must not exist. Everybody but an owner with a passphrase needs one.</summary>
    public string? KeyFilePath { get; init; }

    /// <summary>For an owner alone. Still the caller's to wipe.</summary>
    public ReadOnlyMemory<char>? Passphrase { get; init; }

    /// <summary>Names of what it may write; null for all.</summary>
    public IReadOnlyList<string>? DataSets { get; init; }

    /// <summary>Whether a verifier gets the vault's private keys, so that it can open what was backed up.</summary>
    public bool MayRead { get; init; }

    public Argon2Parameters Stretching { get; init; } = Argon2Parameters.Default;

    public bool IsOwner => Roles.HasFlag(MemberRoles.Owner);

    /// <summary>Never the passphrase: a record shows all its members, and lands in logs.</summary>
    public override string ToString() => $"{nameof(NewMember)} {{ Name = {Name}, Roles = {Roles}, KeyFilePath = {KeyFilePath} }}";
}

/// <param name="Append">Where it is pending, the key works once the other owners have signed.</param>
public sealed record AddedMember(MemberId Id, RegisterAppend Append);

/// <summary>Lets members in: their keys, their key files, and the entry of the register that makes them members.</summary>
public static class MemberAdmission
{
    private const MemberRoles AllRoles = MemberRoles.Owner | MemberRoles.Maintainer | MemberRoles.Writer | MemberRoles.Verifier | MemberRoles.Auditor;

    /// <exception cref="KeyException">NotAnOwner.</exception>
    /// <exception cref="RequestException">InvalidVaultOption, EmptyPassphrase, KeyFileExists, KeyFileNotWritable.</exception>
    /// <exception cref="VaultException">RegisterConflict: nothing was changed, and the key file is gone again.</exception>
    public static async Task<AddedMember> AddAsync(UnlockedVault owner, NewMember member, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        Validate(member);

        // What others added since this vault was opened, or an append of its own whose answer was lost.
        await owner.RefreshAsync(cancellationToken);
        using var keys = new MemberKeys(owner, member);

        // The file comes first: a crash after it leaves a key that is no member's, and using it says so. The other way round it
        // would leave a member for ever whose key nobody has. It pins the head before its own entry, which is certain to stand.
        if (keys.Credential is { } credential)
        {
            await CredentialFile.WriteAsync(member.KeyFilePath!, credential, cancellationToken);
        }

        try
        {
            // A crash from here on leaves unlockers and a bundle that the register does not name: they open nothing.
            await keys.StoreAsync(cancellationToken);
            var append = await owner.AppendAsync([.. keys.Changes], cancellationToken);
            if (!append.IsPending)
            {
                await ShareKeyringAsync(owner, keys.Changes, cancellationToken);
            }

            return new AddedMember(keys.Id, append);
        }
        catch (BackupException exception) when (RegisterAppend.IsCertainlyNot(exception) && keys.Credential is not null)
        {
            // After any other failure the entry may stand, and then the file is needed.
            File.Delete(member.KeyFilePath!);
            throw;
        }
    }

    /// <summary>New owners get the keys of erasable records as well. Where that fails the member is a member all the same; the next erasure gives them.</summary>
    internal static async Task ShareKeyringAsync(UnlockedVault owner, IEnumerable<RegisterChange> changes, CancellationToken cancellationToken)
    {
        if (!changes.OfType<MemberAdded>().Any(static member => member.Roles.HasFlag(MemberRoles.Owner)))
        {
            return;
        }

        try
        {
            await Subjects.ErasureEpoch.ShareAsync(owner, cancellationToken);
        }
        catch (BackupException exception)
        {
            owner.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The new owner cannot open the keys of subjects yet: {exception.Message}", exception.Code));
        }
    }

    /// <summary>Grants of every epoch: older index segments and manifests are sealed with older keys.</summary>
    internal static IEnumerable<KeyGrant> GrantsOf(UnlockedVault owner, MemberAdded member) => owner.Register.Epochs.Keys.Select(epoch =>
        owner.KeysOf(epoch).GrantTo(
            member.Id, member.SealingKey, member.Roles, owner.Id, member.MayRead || member.Roles.HasFlag(MemberRoles.Owner) ? owner.RequireReader().IdentityOf(epoch) : null));

    /// <summary>Ids of data sets by name; null for all.</summary>
    /// <exception cref="RequestException">InvalidVaultOption.</exception>
    internal static List<DataSetId>? DataSetsOf(UnlockedVault owner, IReadOnlyList<string>? names) => names is { Count: 0 }
        ? throw new RequestException(FaultCodes.InvalidVaultOption, "A writer that may write no data set can do nothing; leave the list out for all.")
        : names?.Select(owner.Keys.DataSetIdOf).Distinct().ToList();

    /// <exception cref="RequestException">InvalidVaultOption.</exception>
    internal static void RequireRights(MemberRoles roles, bool hasDataSets, bool mayRead)
    {
        var complaint = roles == MemberRoles.None || (roles & ~AllRoles) != MemberRoles.None ? "A member has at least one of the roles owner, maintainer, writer, verifier and auditor."
            : hasDataSets && !roles.HasFlag(MemberRoles.Writer) ? "Only a writer is limited to data sets."
            : mayRead && !roles.HasFlag(MemberRoles.Verifier) ? "The right to read goes with the role of a verifier; owners have it anyway."
            : null;
        if (complaint is not null)
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, complaint);
        }
    }

    private static void Validate(NewMember member)
    {
        VaultCreator.RequireName(member.Name);
        RequireRights(member.Roles, member.DataSets is not null, member.MayRead && !member.IsOwner);
        member.Stretching.Require();
        if (member.Passphrase is { IsEmpty: true })
        {
            throw new RequestException(FaultCodes.EmptyPassphrase, "The passphrase is empty.");
        }

        var complaint = member.DataSets is { Count: 0 } ? "A writer that may write no data set can do nothing; leave the list out for all."
            : member.IsOwner && member.DataSets is not null ? "An owner writes all data sets."
            : member.Passphrase is not null && !member.IsOwner ? "Only an owner can have a passphrase; other members have a key file."
            : member.KeyFilePath is null && member.Passphrase is null ? "A member needs a key file; an owner may have a passphrase instead."
            : null;
        if (complaint is not null)
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, complaint);
        }
    }
}
