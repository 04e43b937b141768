namespace SecureBackup.Engine.Targets.Naming;

/// <summary>A secret in hand, only as long as a target is open. ToString says nothing.</summary>
public sealed class TargetCredential : IDisposable
{
    private readonly char[] _secret;
    private readonly char[] _token;

    private TargetCredential(string label, string? user = null, char[]? secret = null, char[]? token = null)
    {
        Label = label;
        User = user;
        _secret = secret ?? [];
        _token = token ?? [];
    }

    public static TargetCredential None { get; } = new("");

    public string? User { get; }

    public ReadOnlyMemory<char> Secret => _secret;

    /// <summary>What makes a pair a session; empty for one that stays.</summary>
    public ReadOnlyMemory<char> Token => _token;

    public string? FilePath { get; private init; }

    public string? Identity { get; private init; }

    /// <summary>For errors: whose it is, or where it was found.</summary>
    public string Label { get; }

    /// <param name="secret">Copied, and wiped with this; so is the token.</param>
    public static TargetCredential Of(string? user, ReadOnlySpan<char> secret, string label, ReadOnlySpan<char> token = default) => new(label, user, Copy(secret), Copy(token));

    public static TargetCredential OfFile(string path, string label) => new(label) { FilePath = path };

    public static TargetCredential OfIdentity(string kind) => new($"the identity '{kind}'") { Identity = kind };

    public override string ToString() => nameof(TargetCredential);

    public void Dispose()
    {
        Array.Clear(_secret);
        Array.Clear(_token);
    }

    private static char[] Copy(ReadOnlySpan<char> secret)
    {
        var copy = GC.AllocateUninitializedArray<char>(secret.Length, pinned: true);
        secret.CopyTo(copy);
        return copy;
    }
}
