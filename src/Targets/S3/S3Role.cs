using System.Text.RegularExpressions;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.S3;

/// <summary>A role that is taken on.</summary>
/// <param name="ExternalId">What its owner asks for; null where that is nothing.</param>
internal sealed partial record S3Role(string Arn, string? ExternalId = null)
{
    /// <summary>Null where there is no role.</summary>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>.</exception>
    public static S3Role? Of(string? arn, string? externalId) => (arn, externalId) switch
    {
        (null, null) => null,
        (null, _) => throw OptionReader.Invalid("'externalid' belongs to a role, and 'rolearn' names none."),
        _ when !ArnPattern().IsMatch(arn) => throw OptionReader.Invalid($"'{arn}' is no role, such as arn:aws:iam::123456789012:role/backup."),
        (_, { } id) when !IdPattern().IsMatch(id) => throw OptionReader.Invalid("'externalid' has 2 to 1,224 letters, digits and characters of +=,.@:/-_."),
        _ => new S3Role(arn, externalId),
    };

    [GeneratedRegex("^arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[a-z0-9-]*:role/[!-~]{1,512}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ArnPattern();

    [GeneratedRegex("^[A-Za-z0-9_+=,.@:/-]{2,1224}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IdPattern();
}
