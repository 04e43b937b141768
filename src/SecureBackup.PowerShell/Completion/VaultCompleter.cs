using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Security;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;

namespace SecureBackup.PowerShell.Completion;

/// <summary>
/// Completes names that stand in a vault: the one that the other parameters name, or the connected one. It never asks for a key,
/// never throws and never lets the person at the keyboard wait long; what it cannot find out it does not offer.
/// </summary>
public abstract class VaultCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = wordToComplete.Trim('\'', '"');
        var pattern = WildcardPattern.Get(word + "*", WildcardOptions.IgnoreCase);
        return Load(fakeBoundParameters, (vault, token) => OfferAsync(vault, pattern, token)) ?? [];
    }

    /// <summary>What of the vault fits; names that stand in snapshots come from <see cref="Offer"/>.</summary>
    private protected virtual async Task<IReadOnlyList<CompletionResult>> OfferAsync(UnlockedVault vault, WildcardPattern pattern, CancellationToken cancellationToken) =>
        [.. Offer(await SnapshotCatalog.LoadAsync(vault, cancellationToken), pattern)];

    private protected virtual IEnumerable<CompletionResult> Offer(SnapshotCatalog catalog, WildcardPattern pattern) => [];

    private protected static CompletionResult Quoted(string value, string toolTip)
    {
        var isPlain = value.Length > 0 && value.All(character => char.IsLetterOrDigit(character) || character is '-' or '_' or '.');
        return new CompletionResult(isPlain ? value : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'", value, CompletionResultType.ParameterValue, toolTip);
    }

    private static IReadOnlyList<CompletionResult>? Load(IDictionary bound, Func<UnlockedVault, CancellationToken, Task<IReadOnlyList<CompletionResult>>> offer)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            var (connected, path) = Find(bound);
            var loading = connected is not null
                ? Task.Run(() => offer(connected.Vault, patience.Token), patience.Token)
                : path is not null ? LoadFrom(path, bound, offer, patience.Token) : null;
            return loading?.WaitAsync(patience.Token).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is BackupException or OperationCanceledException or IOException or UnauthorizedAccessException or RuntimeException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static (ConnectedVault? Connected, string? Path) Find(IDictionary bound)
    {
        var given = VaultPathAttribute.Unwrap(bound["Vault"]);
        if (given is null)
        {
            return (RunspaceVaults.Current.All is [var only] ? only : null, null);
        }

        var path = given is Output.BackupVaultInfo vault ? vault.Path : VaultPlace.Parse(given.ToString() ?? string.Empty, FullPath);
        return (RunspaceVaults.Current.Find(path), path);
    }

    /// <summary>By a nested command, since session state may not be asked while a pipeline runs.</summary>
    private static string FullPath(string path)
    {
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddScript("param($path) $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path)").AddArgument(path);
        return shell.Invoke<string>()[0];
    }

    private static Task<IReadOnlyList<CompletionResult>> LoadFrom(
        string path, IDictionary bound, Func<UnlockedVault, CancellationToken, Task<IReadOnlyList<CompletionResult>>> offer, CancellationToken cancellationToken)
    {
        var keyFile = VaultPathAttribute.Unwrap(bound["KeyFile"]) is { } file ? FullPath(file.ToString()!) : null;
        var chain = new KeyChain(new KeyParameters(VaultPathAttribute.Unwrap(bound["Passphrase"]) as SecureString, keyFile), host: null);
        var access = TargetAccess.To(path, session: null);
        var key = chain.Resolve(path);
        return Task.Run(
            async () =>
            {
                using (access)
                using (key)
                {
                    await using var target = access.Open();
                    var locked = await LockedVault.OpenAsync(target, cancellationToken);
                    using var vault = await VaultOpening.UnlockAsync(locked, key, NullSink.Instance, cancellationToken);
                    return await offer(vault, cancellationToken);
                }
            },
            cancellationToken);
    }
}
