using System.Collections.Immutable;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Targets.Naming;

/// <summary>Where a credential comes from.</summary>
public enum CredentialSource
{
    None,
    Identity,
    Secret,
    Variable,
    File,
    Stored,
}

/// <param name="Name">Of the secret, the file's path, <c>ID_VAR,SECRET_VAR</c>, or the kind of identity: auto, instance, container, workload, profile:x.</param>
/// <param name="SecretVault">Where the secret is; null for the session's default one.</param>
public sealed record CredentialReference(CredentialSource Source, string? Name = null, string? SecretVault = null);

/// <summary>What a registered target consists of. Options are checked by the platform, not here.</summary>
public sealed record TargetSettings
{
    /// <summary>Null for a bare address.</summary>
    public string? Name { get; init; }

    public required TargetUri Address { get; init; }

    /// <summary>They go before the address's own.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public CredentialReference Credential { get; init; } = new(CredentialSource.None);

    public long? MaxBytesPerSecond { get; init; }

    public IReadOnlyList<string> Timetable { get; init; } = [];

    public bool IsReadOnly { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    /// <exception cref="RequestException"><c>SecretInAddress</c>.</exception>
    public void RequireNoSecret()
    {
        if (Options.Select(static option => TargetOptions.FindSecret(option.Key, option.Value)).FirstOrDefault(static found => found is not null) is { } secret)
        {
            throw new RequestException(FaultCodes.SecretInAddress, $"The settings of the target hold a secret: {secret}.");
        }
    }

    public string? Option(string key) => Options.GetValueOrDefault(key) ?? Address.Options.GetValueOrDefault(key);
}
