using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Targets.Naming;

/// <summary>The targets that this user registered, a file each, so that two sessions never undo each other's work. No secret stands in them.</summary>
/// <param name="folder">Of the configuration; made when the first target is saved.</param>
public sealed class TargetRegistry(string folder)
{
    private const string ConfigVariable = "SECUREBACKUP_CONFIG";
    private const string FolderName = "securebackup";
    private const string Extension = ".json";
    private const int MaxNameLength = 63;
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Where the environment says (SECUREBACKUP_CONFIG, XDG_CONFIG_HOME), or where the platform keeps a user's settings.</summary>
    public static TargetRegistry Default => new(DefaultFolder(Environment.GetEnvironmentVariable));

    /// <summary>Of the configuration.</summary>
    public string Folder { get; } = Path.GetFullPath(folder);

    private string Targets => Path.Combine(Folder, "targets");

    /// <summary>1 to 63 characters of <c>[a-z0-9-]</c>, the first one no hyphen.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= MaxNameLength && text[0] != '-' && text.AsSpan().IndexOfAnyExcept(Alphabet.TargetName) < 0;

    /// <summary>Of all that are registered, those with a damaged file too.</summary>
    public IReadOnlyList<string> Names() => Directory.Exists(Targets)
        ? [.. Directory.EnumerateFiles(Targets, $"*{Extension}").Select(static path => Path.GetFileNameWithoutExtension(path)).Where(IsName).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>All whose file can be read.</summary>
    public IReadOnlyList<TargetSettings> All()
    {
        var found = new List<TargetSettings>();
        foreach (var name in Names())
        {
            try
            {
                if (Find(name) is { } settings)
                {
                    found.Add(settings);
                }
            }
            catch (RequestException exception) when (exception.Code == FaultCodes.TargetFileDamaged)
            {
                // Whoever asks for this one by its name is told.
            }
        }

        return found;
    }

    public bool Has(string name) => IsName(name) && File.Exists(PathOf(name));

    /// <exception cref="RequestException"><c>TargetFileDamaged</c>; <c>TargetAddressInvalid</c> where no target could have the name.</exception>
    public TargetSettings? Find(string name)
    {
        RequireName(name);
        byte[] bytes;
        try
        {
            var file = new FileInfo(PathOf(name));
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length > TargetFile.MaxBytes)
            {
                throw TargetFile.Damaged(name, "it is longer than it can be");
            }

            bytes = File.ReadAllBytes(file.FullName);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw TargetFile.Damaged(name, exception.Message.TrimEnd('.'), exception);
        }

        return TargetFile.Decode(bytes, name);
    }

    /// <param name="evenDamaged">Of a damaged file only the file is known, and where this computer would keep its credential.</param>
    /// <inheritdoc cref="Require(string)"/>
    public TargetSettings Require(string name, bool evenDamaged)
    {
        try
        {
            return Require(name);
        }
        catch (RequestException exception) when (evenDamaged && exception.Code == FaultCodes.TargetFileDamaged)
        {
            return new TargetSettings { Name = name, Address = TargetUri.Parse("s3://unknown"), Credential = new CredentialReference(CredentialSource.Stored) };
        }
    }

    /// <exception cref="RequestException"><c>NoSuchTarget</c>; what <see cref="Find"/> throws.</exception>
    public TargetSettings Require(string name) => Find(name) ?? throw new RequestException(FaultCodes.NoSuchTarget, $"There is no target '{name}'.");

    /// <summary>In one step, whole or not at all.</summary>
    /// <param name="replaces">Whether one of this name may be there.</param>
    /// <exception cref="RequestException"><c>TargetNameTaken</c>; <c>TargetAddressInvalid</c> for a name that is none.</exception>
    public async Task SaveAsync(TargetSettings settings, bool replaces, CancellationToken cancellationToken)
    {
        var name = settings.Name ?? throw new ArgumentException("A target without a name cannot be registered.", nameof(settings));
        RequireName(name);
        MakeFolder(Targets);
        var options = replaces ? DurableWriteOptions.Private : DurableWriteOptions.Private with { Mode = DurableWriteMode.IfAbsent };
        if (!await DurableFile.WriteAsync(PathOf(name), TargetFile.Encode(settings), options, cancellationToken))
        {
            throw new RequestException(FaultCodes.TargetNameTaken, $"There is a target '{name}' already.");
        }
    }

    /// <summary>The file of a target, readable or not, to put it back by; null where there is none.</summary>
    public byte[]? Copy(string name) => Has(name) ? File.ReadAllBytes(PathOf(name)) : null;

    /// <summary>Puts back what <see cref="Copy"/> gave.</summary>
    public void PutBack(string name, byte[]? copy)
    {
        if (copy is null)
        {
            File.Delete(PathOf(name));
        }
        else
        {
            DurableFile.WriteAsync(PathOf(name), copy, DurableWriteOptions.Private, CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    /// <exception cref="RequestException"><c>NoSuchTarget</c>.</exception>
    public Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RequireName(name);
        if (!Has(name))
        {
            throw new RequestException(FaultCodes.NoSuchTarget, $"There is no target '{name}'.");
        }

        File.Delete(PathOf(name));
        return Task.CompletedTask;
    }

    /// <summary>A folder of the configuration that nobody else looks into.</summary>
    public static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnersAlone);
        }
    }

    /// <exception cref="RequestException"><c>TargetAddressInvalid</c>.</exception>
    public static void RequireName(string name)
    {
        if (!IsName(name))
        {
            throw new RequestException(FaultCodes.TargetAddressInvalid, $"'{name}' is no name of a target: it has up to {MaxNameLength} lower-case letters, digits and hyphens, the first one no hyphen.");
        }
    }

    /// <param name="variable">The environment, by name.</param>
    internal static string DefaultFolder(Func<string, string?> variable)
    {
        if (variable(ConfigVariable) is { Length: > 0 } chosen)
        {
            return chosen;
        }

        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), FolderName);
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(
            variable("XDG_CONFIG_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg) ? xdg
                : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Application Support")
                : Path.Combine(home, ".config"),
            FolderName);
    }

    private string PathOf(string name) => Path.Combine(Targets, name + Extension);
}
