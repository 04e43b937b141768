using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>Opens S3 targets as the product does, of any profile on any server.</summary>
internal static class S3Scene
{
    public static Target Open(string address, S3Profile profile, S3Key key, Func<S3Settings, S3Settings>? change = null, TimeProvider? time = null)
    {
        var settings = S3Settings.From(new TargetSettings { Address = TargetUri.Parse(address) }, profile, TimeSpan.FromSeconds(60));
        using var credential = TargetCredential.Of(key.Id, key.Secret, "of the test");
        return Open(change?.Invoke(settings) ?? settings, credential, time ?? TimeProvider.System);
    }

    /// <param name="environment">Of the machine that it is opened on; null for this one's.</param>
    public static Target Open(S3Settings settings, TargetCredential credential, TimeProvider time, Func<string, string?>? environment = null) =>
        new S3Target(settings, S3Identities.From(credential, settings, time, environment), new OpenContext(NullSink.Instance, time));

    /// <summary>Parts as short as stores take them, so that tests need few bytes.</summary>
    public static S3Settings InShortParts(S3Settings settings) => settings with { MultipartThresholdBytes = 5 << 20, PartBytes = 5 << 20 };
}
