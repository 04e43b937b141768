using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>A manifest as others name it.</summary>
public readonly record struct ManifestReference(SnapshotId Id, ContentHash Hash)
{
    internal void Write(CborMapWriter writer) => writer.BeginArray(2).Id(Id.Value).Id(Hash.Value).EndArray();

    internal static ManifestReference Read(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var reference = new ManifestReference(new SnapshotId(reader.ReadId()), new ContentHash(reader.ReadId()));
        reader.EndArray();
        return reference;
    }
}

/// <summary>What a host has seen of a vault: enough to notice that the vault went back in time.</summary>
/// <param name="Manifests">Ends of the chains of manifests that this host saw.</param>
public sealed record HostPins(ContentHash Genesis, RegisterHead Head, IReadOnlyList<ManifestReference> Manifests);

/// <summary>
/// What this host remembers about vaults, in a folder that may be deleted at any time. Nothing here is needed: whatever cannot be read
/// or written is a warning, never an error.
/// </summary>
public sealed class HostState
{
    private const string CacheVariable = "SECUREBACKUP_CACHE";
    private const string FolderName = "securebackup";
    private const int MaxPinsBytes = 16 * 1024 * 1024;
    private const int MaxManifests = 100_000;

    private HostState(string folder)
    {
        Folder = folder;
    }

    /// <summary>Where the environment says (SECUREBACKUP_CACHE, XDG_CACHE_HOME), or where the platform keeps caches.</summary>
    public static HostState Default => For(DefaultFolder(Environment.GetEnvironmentVariable));

    public string Folder { get; }

    public static HostState For(string folder) => new(Path.GetFullPath(folder));

    /// <summary>A folder for caches of this vault; not made yet.</summary>
    public string FolderOf(VaultId vault) => Path.Combine(Folder, vault.ToString());

    /// <summary>For objects of targets, which this host need not fetch twice; not made yet.</summary>
    public string ObjectsFolder => Path.Combine(Folder, "objects");

    /// <summary>Null where this host has not seen the vault, or does not remember it.</summary>
    public async Task<HostPins?> ReadPinsAsync(VaultId vault, IEngineSink sink, CancellationToken cancellationToken)
    {
        try
        {
            var path = PinsPath(vault);
            if (!File.Exists(path))
            {
                return null;
            }

            if (new FileInfo(path).Length > MaxPinsBytes)
            {
                throw new IntegrityException(FaultCodes.Malformed, "The pins are longer than they can be.");
            }

            return Decode(await File.ReadAllBytesAsync(path, cancellationToken));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or IntegrityException or VaultException)
        {
            Warn(sink, $"What this host remembers about the vault cannot be read and is ignored: {exception.Message}");
            return null;
        }
    }

    /// <summary>Replaces the pins in one step. A crash leaves the old or the new ones; two hosts' users at once leave those of one.</summary>
    public async Task WritePinsAsync(VaultId vault, HostPins pins, IEngineSink sink, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(FolderOf(vault));
            await DurableFile.WriteAsync(PinsPath(vault), Encode(pins), DurableWriteOptions.Private, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Warn(sink, $"What this host should remember about the vault cannot be written: {exception.Message}");
        }
    }

    /// <param name="variable">The environment, by name.</param>
    internal static string DefaultFolder(Func<string, string?> variable)
    {
        if (variable(CacheVariable) is { Length: > 0 } chosen)
        {
            return chosen;
        }

        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), FolderName);
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(
            variable("XDG_CACHE_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg) ? xdg
                : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches")
                : Path.Combine(home, ".cache"),
            FolderName);
    }

    private static void Warn(IEngineSink sink, string message) =>
        sink.Report(new BackupEvent(EventSeverity.Warning, message, FaultCodes.HostStateUnusable));

    private string PinsPath(VaultId vault) => Path.Combine(FolderOf(vault), "pins");

    /// <summary>A SHA-256 stands first: a flipped bit on this host's disk must not look like an attack on the vault.</summary>
    private static byte[] Encode(HostPins pins)
    {
        var writer = new CborMapWriter().BeginMap().Key(0).Id(pins.Genesis.Value).Key(1);
        pins.Head.Write(writer);
        var body = writer.Key(2).Array([.. pins.Manifests.Take(MaxManifests)], static (writer, reference) => reference.Write(writer)).EndMap().Encode();
        return [.. ContentHash.Of(body).Value.ToArray(), .. body];
    }

    private static HostPins Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < Id256.SizeBytes || ContentHash.Of(bytes.Span[Id256.SizeBytes..]).Value != Id256.Read(bytes.Span[..Id256.SizeBytes]))
        {
            throw new IntegrityException(FaultCodes.Malformed, "The pins are damaged.");
        }

        ContentHash? genesis = null;
        RegisterHead? head = null;
        ManifestReference[]? manifests = null;
        var reader = CborMapReader.OfMap(bytes[Id256.SizeBytes..], "host's pins");
        while (reader.NextKey(out var key))
        {
            switch (key)
            {
                case 0: genesis = new ContentHash(reader.ReadId()); break;
                case 1: head = RegisterHead.Read(reader); break;
                case 2: manifests = reader.ReadArray(MaxManifests, ManifestReference.Read); break;
                default: throw reader.UnknownKey(key);
            }
        }

        return new HostPins(reader.Required(genesis, "the genesis hash"), reader.Required(head, "the head"), reader.Required(manifests, "the manifests"));
    }
}
