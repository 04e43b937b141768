using System.Globalization;
using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Vault;

/// <summary>A set of sheets that was written, and the key that it is in the vault.</summary>
public sealed record SheetSet(IReadOnlyList<string> Paths, int Threshold, int Count, int Set, KeyChange Change);

/// <summary>How a set of sheets is to be.</summary>
/// <param name="Folder">Made where it is missing.</param>
/// <param name="Replaced">Ids or labels of keys that end with the same register entry.</param>
public sealed record SheetRequest(int Threshold, int Count, string Folder, string Label, IReadOnlyList<string> Replaced);

/// <summary>An owner's keys, recoverable by k of n people.</summary>
public static class RecoveryShares
{
    /// <exception cref="RequestException">InvalidShareCount, SheetsNotWritable, InvalidKeyLabel, TooManyKeys, NoSuchKey, AmbiguousKey.</exception>
    /// <inheritdoc cref="VaultKeys.AddPassphraseAsync"/>
    public static async Task<SheetSet> ExportAsync(UnlockedVault owner, SheetRequest request, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        VaultKey.RequireLabel(request.Label);
        await owner.RefreshAsync(cancellationToken);
        using var credential = new SharesCredential(RootKey.Create(), pin: null);
        var shares = SecretSharing.Split(credential.Secret.Bytes, request.Threshold, request.Count);
        var set = shares[0].Facts.Identifier;
        List<string> paths = [];
        try
        {
            using var added = NewUnlocker.Of(credential, new ShareSet(request.Threshold, request.Count, set), request.Label);

            // The sheets come first: a crash after them leaves sheets that open nothing, and say so when they are used.
            await WriteAsync(owner, request, shares, paths, cancellationToken);
            var change = await VaultKeys.OrTakeBackAsync(() => VaultKeys.ChangeAsync(owner, added, request.Replaced, cancellationToken), () => paths.ForEach(File.Delete));
            return new SheetSet(paths, request.Threshold, request.Count, set, change);
        }
        finally
        {
            foreach (var share in shares)
            {
                share.Dispose();
            }
        }
    }

    /// <summary>What the sheets open, with the pin of their vault.</summary>
    /// <param name="sheets">Still the caller's.</param>
    /// <exception cref="RequestException">TooFewShares, SharesOfDifferentSets, DuplicateShare, SharesDoNotFit, ShareLengthWrong.</exception>
    public static SharesCredential Combine(IReadOnlyList<RecoverySheet> sheets)
    {
        for (var i = 1; i < sheets.Count; i++)
        {
            if (sheets[i].Pin != sheets[0].Pin)
            {
                throw new RequestException(FaultCodes.SharesOfDifferentSets, $"Sheet {i + 1} of those given names another vault, or another state of it, than the first.");
            }
        }

        return new SharesCredential(SecretSharing.Combine([.. sheets.Select(static sheet => sheet.Share)]), sheets[0].Pin);
    }

    /// <summary>What typed words open. They know nothing of the vault.</summary>
    /// <inheritdoc cref="Combine(IReadOnlyList{RecoverySheet})"/>
    public static SharesCredential Combine(IReadOnlyList<SecretShare> shares) => new(SecretSharing.Combine(shares), pin: null);

    private static async Task WriteAsync(
        UnlockedVault owner, SheetRequest request, IReadOnlyList<SecretShare> shares, List<string> paths, CancellationToken cancellationToken)
    {
        try
        {
            MakeFolder(request.Folder);
            foreach (var share in shares)
            {
                var facts = new SheetFacts(request.Count, share.Facts.Identifier, owner.Time.GetUtcNow(), request.Label);
                var name = string.Create(CultureInfo.InvariantCulture, $"recovery-{facts.Set:D5}-{share.Member + 1}-of-{facts.Count}.txt");
                await WriteAsync(Path.Combine(request.Folder, name), new RecoverySheet(owner.PinNow(), share).Format(facts), cancellationToken);
                paths.Add(Path.Combine(request.Folder, name));
            }
        }
        catch (Exception exception)
        {
            paths.ForEach(File.Delete);
            if (exception is IOException or UnauthorizedAccessException)
            {
                throw new RequestException(FaultCodes.SheetsNotWritable, $"Sheets could not be written into '{request.Folder}': {exception.Message}", exception);
            }

            throw;
        }
    }

    private static async Task WriteAsync(string path, byte[] page, CancellationToken cancellationToken)
    {
        try
        {
            var options = new DurableWriteOptions(DurableWriteMode.IfAbsent, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (!await DurableFile.WriteAsync(path, page, options, cancellationToken))
            {
                throw new RequestException(FaultCodes.SheetsNotWritable, $"There is a file '{path}' already.");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(page);
        }
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
