using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>Keys for backup hosts: they write and deduplicate, and open nothing that was stored.</summary>
public static class WriterKeys
{
    /// <summary>Makes a member with the right to write, and its key file.</summary>
    /// <param name="dataSets">Names of what it may write; null for all.</param>
    /// <exception cref="KeyException">NotAnOwner.</exception>
    /// <exception cref="RequestException">InvalidVaultOption, KeyFileExists, KeyFileNotWritable.</exception>
    /// <exception cref="VaultException">RegisterConflict: nothing was changed, and the key file is gone again. MoreSignaturesNeeded.</exception>
    public static async Task<MemberId> ExportAsync(
        UnlockedVault owner, string name, string path, IReadOnlyList<string>? dataSets, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        VaultCreator.RequireName(name);
        if (dataSets is { Count: 0 })
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, "A writer that may write no data set can do nothing; leave the list out for all.");
        }

        // What others added since this vault was opened, or an append of its own whose answer was lost.
        await owner.RefreshAsync(cancellationToken);
        var ids = dataSets?.Select(owner.Keys.DataSetIdOf).Distinct().ToList();
        using var credential = new WriterKeyCredential(
            new VaultPin(owner.Id, owner.Register.Genesis, owner.Register.Head), SigningKey.Create(), IdentityKey.Create());

        // The file comes first: a crash after it leaves a key that is no member's, and using it says so. The other way round it
        // would leave a member for ever whose key nobody has. It pins the head before its own entry, which is certain to stand.
        await CredentialFile.WriteAsync(path, credential, cancellationToken);
        try
        {
            await owner.AppendAsync(ChangesFor(owner, name, credential, ids), cancellationToken);
        }
        catch (VaultException exception) when (exception.Code == FaultCodes.RegisterConflict || exception.Code == FaultCodes.MoreSignaturesNeeded)
        {
            // Certain not to have been stored; after any other failure the entry may stand, and then the file is needed.
            File.Delete(path);
            throw;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            // A store that lets nothing in has stored nothing.
            File.Delete(path);
            throw;
        }

        return credential.Signing.Id;
    }

    /// <summary>The member, and the symmetric keys of every epoch: older index segments and manifests are sealed with older ones.</summary>
    private static List<RegisterChange> ChangesFor(UnlockedVault owner, string name, WriterKeyCredential credential, List<DataSetId>? dataSets)
    {
        var sealingKey = credential.Sealing.Recipient;
        var member = new MemberAdded(name, credential.Signing.Public, sealingKey, MemberRoles.Writer, dataSets);
        return [member, .. owner.Register.Epochs.Keys.Select(epoch => owner.KeysOf(epoch).GrantTo(member.Id, sealingKey, member.Roles, owner.Id))];
    }
}
