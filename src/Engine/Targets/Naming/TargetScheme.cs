namespace SecureBackup.Engine.Targets.Naming;

/// <summary>What addresses of one scheme are made of.</summary>
/// <param name="HostIs">What stands behind the slashes, for errors.</param>
internal sealed record TargetScheme(string Name, string HostIs, Func<string, bool> IsHost)
{
    private const int MaxBucketLength = 222;

    public static IReadOnlyList<TargetScheme> All { get; } =
    [
        Bucket("s3"), Bucket("wasabi"), Bucket("ibmcos"), Bucket("b2"),
        new("azblob", "the name of a storage account", IsAccount) { NeedsContainer = true },
        Bucket("gs"),
        new("sftp", "a host", IsServer) { HasUser = true, HasFreePath = true },
        new("dav", "a host", IsServer) { HasFreePath = true },
        new("davs", "a host", IsServer) { HasFreePath = true },
    ];

    public bool HasUser { get; private init; }

    /// <summary>The path is that of a server's files, and may have any characters.</summary>
    public bool HasFreePath { get; private init; }

    public bool NeedsContainer { get; private init; }

    public static TargetScheme? Find(string name) => All.FirstOrDefault(known => string.Equals(known.Name, name, StringComparison.Ordinal));

    public static bool IsContainer(string name) => name.Length is >= 3 and <= 63 && !name.StartsWith('-') && !name.EndsWith('-')
        && !name.Contains("--", StringComparison.Ordinal) && name.AsSpan().IndexOfAnyExcept(Alphabet.Bucket) < 0 && name.AsSpan().IndexOfAny('.', '_') < 0;

    private static TargetScheme Bucket(string scheme) => new(scheme, "the name of a bucket", IsBucket);

    private static bool IsBucket(string name) => name.Length is >= 3 and <= MaxBucketLength && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
        && name.AsSpan().IndexOfAnyExcept(Alphabet.Bucket) < 0 && !name.Contains("..", StringComparison.Ordinal);

    private static bool IsAccount(string name) => name.Length is >= 3 and <= 24 && name.AsSpan().IndexOfAnyExcept(Alphabet.Lower) < 0;

    private static bool IsServer(string name) => name.Length > 0 && name.AsSpan().IndexOfAnyExcept(Alphabet.Host) < 0
        && Uri.TryCreate($"http://{name}/", UriKind.Absolute, out var parsed) && parsed.Host.Length > 0;
}
