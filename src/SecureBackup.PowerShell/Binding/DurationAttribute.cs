using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Takes a time as <c>12h</c>, <c>30d</c>, <c>8w</c> or <c>2y</c> (of 365 days), or as a time span. A plain number is refused: as a time span it would be ten-millionths of a second.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class DurationAttribute : ArgumentTransformationAttribute
{
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = VaultPathAttribute.Unwrap(inputData);
        if (value is string text && Pattern().Match(text) is { Success: true } match)
        {
            var number = int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
            return match.Groups["unit"].Value switch
            {
                "h" => TimeSpan.FromHours(number),
                "d" => TimeSpan.FromDays(number),
                "w" => TimeSpan.FromDays(7L * number),
                _ => TimeSpan.FromDays(365L * number),
            };
        }

        return value is int or long or double || (value is string plain && long.TryParse(plain, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))
            ? throw new ArgumentTransformationMetadataException($"'{value}' has no unit. Write 12h, 30d, 8w or 2y, or a time span as 30.00:00:00.")
            : inputData;
    }

    [GeneratedRegex(@"\A(?<number>[0-9]{1,5})(?<unit>[hdwy])\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
