using System.Collections;
using System.Globalization;
using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>A cmdlet that takes what a registered target consists of. What is not given stays as it is.</summary>
public abstract class TargetSettingsCommand : EngineCommand
{
    /// <summary>How long the checks before a target is kept may take.</summary>
    private static readonly TimeSpan CheckingTime = TimeSpan.FromSeconds(20);

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Region { get; set; }

    /// <summary>The address of a server that is not the platform's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Endpoint { get; set; }

    /// <summary>Kept in the session's secret store, or in a file that this user alone can read.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The name of a secret.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CredentialSecret { get; set; }

    /// <summary>The registered secret vault that knows the name, or that the credential is kept in; the default one when not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SecretVault { get; set; }

    /// <summary>The environment variables of the id, of the secret and of the session's token; or of the first two, or of the secret alone.</summary>
    [Parameter]
    [ValidateCount(1, 3)]
    [ValidatePattern("^[A-Za-z_][A-Za-z0-9_]*$")]
    public string[]? CredentialVariable { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CredentialFile { get; set; }

    /// <summary>What the platform knows this computer as.</summary>
    [Parameter]
    [ValidatePattern("^(auto|instance|container|workload|profile:.+)$")]
    public string? Identity { get; set; }

    /// <summary>A role that is taken on with the credential.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RoleArn { get; set; }

    /// <summary>What the role's owner asks for.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ExternalId { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TenantId { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KmsKey { get; set; }

    /// <summary>Of packs; everything else stays where it can be read at once.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StorageClass { get; set; }

    /// <summary>The fingerprint of the key by which a server proves who it is, as <c>ssh-keygen -l</c> writes it; several while it changes.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? HostKey { get; set; }

    /// <summary>A private key for SSH. A credential's password opens it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? IdentityFile { get; set; }

    /// <summary>A file of certificates of those who may have signed the server's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificateAuthority { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Proxy { get; set; }

    [Parameter]
    public SwitchParameter AllowPlainHttp { get; set; }

    [Parameter]
    [ValidateRange(1024, long.MaxValue)]
    public long? MaxBytesPerSecond { get; set; }

    /// <summary>Lines such as <c>Mon-Fri 08:00-18:00 2MB</c>; the first that fits the hour holds.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Timetable { get; set; }

    /// <summary>Nothing is ever written there.</summary>
    [Parameter]
    public SwitchParameter ReadOnly { get; set; }

    [Parameter]
    [ValidateRange(1, 16)]
    public int? ParallelTransfers { get; set; }

    /// <summary>Settings of the platform that have no parameter of their own, by name.</summary>
    [Parameter]
    [ValidateNotNull]
    public Hashtable? Option { get; set; }

    /// <summary>Keeps the target without asking the store anything.</summary>
    [Parameter]
    public SwitchParameter SkipTest { get; set; }

    private protected static TargetRegistry Registry => TargetRegistry.Default;

    private protected CredentialStore Credentials => new(Registry, InvokeCommand);

    private bool IsCredentialGiven => Credential is not null || CredentialSecret is not null || CredentialVariable is not null || CredentialFile is not null || Identity is not null;

    /// <summary>The settings with what was given.</summary>
    private protected TargetSettings Apply(TargetSettings settings)
    {
        RequireOneCredential();
        var options = new Dictionary<string, string>(settings.Options, StringComparer.Ordinal);
        var given = Given().ToList();
        FoundOut.Forget(options, settings, given, IsCredentialGiven);
        foreach (var (key, value) in given)
        {
            options[key] = value;
        }

        var changed = settings with
        {
            Options = options,
            Credential = IsCredentialGiven ? ReferenceOf() : settings.Credential,
            MaxBytesPerSecond = MaxBytesPerSecond ?? settings.MaxBytesPerSecond,
            Timetable = Timetable ?? settings.Timetable,
            IsReadOnly = GivenOf(nameof(ReadOnly)).Count > 0 ? ReadOnly : settings.IsReadOnly,
        };
        changed.RequireNoSecret();
        _ = TargetAccess.PlanOf(changed);
        return changed;
    }

    /// <summary>Asks the store what every vault asks of it; a refusal is a terminating error, and nothing was kept.</summary>
    private protected void Check(TargetSettings settings)
    {
        using var credential = CredentialOf(settings);
        RunEngine(settings.Name, (_, token) => RemotePlaces.CheckAsync(settings, credential, CheckingTime, token));
    }

    /// <summary>The name first, so that nobody else's credential is overwritten; then the credential; at last the old one goes.</summary>
    /// <param name="before">What it replaces; null where the name must be free.</param>
    private protected BackupTarget Keep(TargetSettings settings, TargetSettings? before)
    {
        byte[]? copy = null;
        GuardEngine(settings.Name, () =>
        {
            settings = Credential is null ? settings : settings with { Credential = Credentials.PlaceFor(settings.Name!, SecretVault) };
            copy = before is null ? null : Registry.Copy(settings.Name!);
        });
        RunEngine(settings.Name, (_, token) => Registry.SaveAsync(settings, before is not null, token));
        GuardEngine(settings.Name, () => KeepCredential(settings, copy));
        if (before is not null && !CredentialStore.MayBeSame(before.Credential, settings.Credential))
        {
            GuardEngine(settings.Name, () => Credentials.Forget(before, WriteWarning));
        }

        return BackupTarget.From(settings, RemotePlaces.PlatformOf(settings));
    }

    private void KeepCredential(TargetSettings settings, byte[]? copy)
    {
        if (Credential is null)
        {
            return;
        }

        try
        {
            Credentials.Keep(settings, Credential, text => WriteInformation(text, ["SecureBackup"]));
        }
        catch
        {
            // Whoever stops the cmdlet here wants the target as it was, too.
            Registry.PutBack(settings.Name!, copy);
            throw;
        }
    }

    private TargetCredential CredentialOf(TargetSettings settings)
    {
        TargetCredential? credential = null;
        GuardEngine(settings.Name, () =>
        {
            if (Credential is null)
            {
                credential = Credentials.Open(settings);
                return;
            }

            using var secret = SecretText.From(Credential.Password);
            credential = TargetCredential.Of(Credential.UserName, secret.Characters.Span, $"of the target '{settings.Name}'");
        });
        return credential!;
    }

    private void RequireOneCredential()
    {
        var given = GivenOf(nameof(Credential), nameof(CredentialSecret), nameof(CredentialVariable), nameof(CredentialFile), nameof(Identity));
        if (given.Count > 1)
        {
            throw new RequestException(FaultCodes.TwoKeysGiven, $"Of {string.Join(" and ", given)} a target has one.") { Remedy = "Give one of them." };
        }

        if (SecretVault is not null && CredentialSecret is null && Credential is null)
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, "-SecretVault says where a secret is, and none is named.") { Remedy = "Give -CredentialSecret, or -Credential to keep one there." };
        }
    }

    private CredentialReference ReferenceOf() =>
        CredentialSecret is not null ? new CredentialReference(CredentialSource.Secret, CredentialSecret, SecretVault)
        : CredentialVariable is not null ? new CredentialReference(CredentialSource.Variable, string.Join(',', CredentialVariable))
        : CredentialFile is not null ? new CredentialReference(CredentialSource.File, ResolvePath(CredentialFile))
        : Identity is not null ? new CredentialReference(CredentialSource.Identity, Identity)
        : new CredentialReference(CredentialSource.Stored);

    private IEnumerable<KeyValuePair<string, string>> Given()
    {
        foreach (DictionaryEntry entry in Option ?? [])
        {
            yield return new(Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!.ToLowerInvariant(), Convert.ToString(entry.Value, CultureInfo.InvariantCulture) ?? "");
        }

        (string Key, string? Value)[] own =
        [
            ("region", Region), ("endpoint", Endpoint), ("rolearn", RoleArn), ("externalid", ExternalId), ("tenant", TenantId), ("kmskey", KmsKey), ("storageclass", StorageClass),
            ("hostkey", HostKey is null ? null : string.Join(',', HostKey)), ("identityfile", IdentityFile is null ? null : ResolvePath(IdentityFile)),
            ("ca", CertificateAuthority is null ? null : ResolvePath(CertificateAuthority)), ("proxy", Proxy),
            ("allowplainhttp", GivenOf(nameof(AllowPlainHttp)).Count == 0 ? null : AllowPlainHttp ? "yes" : "no"), ("parallel", ParallelTransfers?.ToString(CultureInfo.InvariantCulture)),
        ];
        foreach (var (key, value) in own)
        {
            if (value is not null)
            {
                yield return new(key, value);
            }
        }
    }
}
