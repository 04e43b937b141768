using System.Collections.Immutable;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Sftp;

/// <summary>The keys by which a server proves who it is, as OpenSSH writes their fingerprints. Nothing is sent to a server that shows another one, no user name either.</summary>
internal sealed class HostKeyPins
{
    private const string Form = "SHA256:";

    /// <summary>Of 32 bytes in base64 without its padding.</summary>
    private const int FingerprintLength = 43;

    private readonly ImmutableArray<string> _fingerprints;

    private HostKeyPins(ImmutableArray<string> fingerprints)
    {
        _fingerprints = fingerprints;
    }

    /// <param name="given">One, or several with commas: a server has a key of each kind.</param>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>.</exception>
    public static HostKeyPins Parse(string? given)
    {
        var fingerprints = (given ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(static text => text.TrimEnd('=')).ToImmutableArray();
        return fingerprints.FirstOrDefault(static text => !IsOne(text)) is { } other
            ? throw OptionReader.Invalid($"'{other}' is no fingerprint of a host key such as {Form}47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU.")
            : new HostKeyPins(fingerprints);
    }

    public bool Accept(string sha256) => _fingerprints.Contains(Form + sha256.TrimEnd('='), StringComparer.Ordinal);

    /// <param name="kind">Such as ssh-ed25519.</param>
    public TargetException Refusal(string place, string sha256, string kind)
    {
        var seen = Form + sha256.TrimEnd('=');
        return _fingerprints.IsEmpty
            ? new TargetException(TargetFault.Untrusted, $"{place} shows the host key {seen} ({kind}), and none is pinned.")
            {
                Remedy = $"Compare it with what 'ssh-keygen -lf' says of the key at the server, then pin it: Register-BackupTarget -HostKey {seen}, or ?hostkey={seen} in the address.",
            }
            : new TargetException(TargetFault.Untrusted, $"{place} shows the host key {seen} ({kind}) instead of the pinned {string.Join(" or ", _fingerprints)}.");
    }

    private static bool IsOne(string text) => text.StartsWith(Form, StringComparison.Ordinal) && text.Length == Form.Length + FingerprintLength
        && Convert.TryFromBase64String($"{text[Form.Length..]}=", stackalloc byte[32], out var count) && count == 32;
}
