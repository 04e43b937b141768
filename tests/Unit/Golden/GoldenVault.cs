using System.Text.Json;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>An entry as <c>expected.json</c> has it. Bytes of names that are not printable ASCII stand as %XX.</summary>
internal sealed record GoldenEntry(string Path, string Kind)
{
    public long Size { get; init; }

    public string? Sha256 { get; init; }

    public string? Mode { get; init; }

    /// <summary>Seconds and nanoseconds since 1970.</summary>
    public string? ModifiedAt { get; init; }

    public string? Target { get; init; }

    public string? FirstName { get; init; }

    public IReadOnlyDictionary<string, string>? Attributes { get; init; }

    public IReadOnlyList<long[]>? Holes { get; init; }
}

/// <summary>What a snapshot of a golden vault holds, and who wrote it.</summary>
internal sealed record GoldenSnapshot(string Id, string DataSet, string Writer, IReadOnlyList<GoldenEntry> Entries)
{
    /// <summary>Of a snapshot of records, the encoded ones of each subject that was not erased, in their order; else null.</summary>
    public IReadOnlyDictionary<string, List<string>>? Records { get; init; }
}

/// <summary>
/// A vault made by an earlier version, kept for ever: <c>vault/</c>, the keys to it, and what it holds. Nothing in it is ever edited, only new ones are
/// added; tests work on copies.
/// </summary>
internal sealed record GoldenVault(string Folder)
{
    internal const string VaultFolder = "vault";
    internal const string OwnerKey = "owner.key";
    internal const string PassphraseFile = "passphrase.txt";
    internal const string ExpectedFile = "expected.json";

    internal static string Root => Path.Combine(Repository.Root, "tests", "Golden", "v1");

    internal static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingDefault,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal IReadOnlyList<GoldenSnapshot> Expected =>
        JsonSerializer.Deserialize<List<GoldenSnapshot>>(File.ReadAllText(Path.Combine(Folder, ExpectedFile)), Json)!;

    internal ReadOnlyMemory<char> Passphrase => File.ReadAllText(Path.Combine(Folder, PassphraseFile)).TrimEnd('\n').AsMemory();

    /// <summary>A line an entry.</summary>
    internal static string ToJson(IReadOnlyList<GoldenSnapshot> snapshots) => JsonSerializer.Serialize(snapshots, Json).Replace("{\"path\"", "\n{\"path\"", StringComparison.Ordinal) + "\n";

    internal static string ToText(ReadOnlySpan<byte> bytes)
    {
        var text = new System.Text.StringBuilder();
        foreach (var value in bytes)
        {
            var isPlain = value is > 0x20 and < 0x7F and not (byte)'%';
            text.Append(isPlain ? ((char)value).ToString() : $"%{value:X2}");
        }

        return text.ToString();
    }

    internal static string ToText(EntryPath path) => string.Join('/', path.Components.Select(name => ToText(name)));

    internal static string ToText(Timestamp time) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:000000000}");

    /// <summary>The vault's entries as the engine lists them, without what a listing does not say: the hashes of contents.</summary>
    internal static GoldenEntry Describe(EntryPath path, EntryMetadata metadata) => new(ToText(path), metadata.Kind.ToString())
    {
        Size = metadata.SizeBytes,
        Mode = metadata.Mode is { } mode ? Convert.ToString(mode, 8) : null,
        ModifiedAt = ToText(metadata.ModifiedAt),
        Target = metadata.LinkTarget is { } target ? ToText(target) : null,
        FirstName = metadata.HardLinkTarget is { } first ? ToText(first) : null,
        Attributes = metadata.ExtendedAttributes.Count == 0 ? null : metadata.ExtendedAttributes.ToDictionary(item => ToText(item.Name), item => Convert.ToHexString(item.Value)),
        Holes = metadata.Holes.Count == 0 ? null : [.. metadata.Holes.Select(hole => new[] { hole.Offset, hole.LengthBytes })],
    };

    /// <summary>A copy of the vault, opened; nothing of the original is touched.</summary>
    internal async Task<UnlockedVault> OpenCopyAsync(TempFolder folder, VaultCredential credential, CancellationToken cancellationToken)
    {
        var copy = folder[VaultFolder];
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, VaultFolder), "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(Path.Combine(Folder, VaultFolder), file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to, overwrite: true);
        }

        using (credential)
        {
            var context = new UnlockContext(HostState.For(folder["host"]), NullSink.Instance, TimeProvider.System);
            return await (await LockedVault.OpenAsync(LocalTarget.Open(copy), cancellationToken)).UnlockAsync(credential, context, cancellationToken);
        }
    }

    internal static async Task<RestoreResult> RestoreAsync(UnlockedVault vault, Snapshot snapshot, string destination, CancellationToken cancellationToken)
    {
        await using var door = FileSystemDestination.Open(destination, new DestinationOptions { RestoreOwner = false });
        return await RestoreCorridor.RunAsync(new RestoreRequest(vault.RequireReader(), snapshot), door, RunContext.Unwatched, cancellationToken);
    }
}
