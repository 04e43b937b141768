using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets;

/// <summary>The settings of one target, read by the platform that knows what they mean. One that it does not have is refused at once: it would be taken to be in force.</summary>
internal sealed class OptionReader
{
    private const int MaxParallel = 16;

    private readonly TargetSettings _settings;

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>SecretInAddress</c>; so do the other members.</exception>
    public OptionReader(TargetSettings settings, string platform, IEnumerable<string> known)
    {
        settings.RequireNoSecret();
        _settings = settings;
        var names = known.Order(StringComparer.Ordinal).ToList();
        if (settings.Options.Keys.Concat(settings.Address.Options.Keys).FirstOrDefault(key => !names.Contains(key, StringComparer.Ordinal)) is { } unknown)
        {
            throw Invalid($"'{unknown}' is no setting of {platform}; it has {string.Join(", ", names)}.");
        }
    }

    public bool AllowsPlainHttp => Flag("allowplainhttp") ?? false;

    public bool EnforcesWriteOnce => Flag("writeonce") ?? false;

    public bool HasServerChecksum => Flag("serverchecksum") ?? true;

    public int ParallelPuts => Number("parallel", 1, MaxParallel) ?? 2;

    public static RequestException Invalid(string message) => new(FaultCodes.TargetOptionInvalid, message);

    public string? Text(string key) => _settings.Option(key);

    public bool? Flag(string key) => Text(key)?.ToLowerInvariant() switch
    {
        null => null,
        "yes" or "on" or "true" => true,
        "no" or "off" or "false" => false,
        var other => throw Invalid($"'{key}' is yes or no, not '{other}'."),
    };

    public string? Choice(string key, params string[] choices) => Text(key)?.ToLowerInvariant() switch
    {
        null => null,
        var given when choices.Contains(given, StringComparer.Ordinal) => given,
        var other => throw Invalid($"'{key}' is one of {string.Join(", ", choices)}, not '{other}'."),
    };

    public TimeSpan StallTimeout(TimeSpan usual) => Number("stalltimeout", 1, 3600) is { } seconds ? TimeSpan.FromSeconds(seconds) : usual;

    private int? Number(string key, int min, int max) => Text(key) switch
    {
        null => null,
        var given when int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max => number,
        var other => throw Invalid($"'{key}' is a number from {min} to {max}, not '{other}'."),
    };
}
