using System.Globalization;
using System.Management.Automation;
using System.Numerics;
using System.Text.RegularExpressions;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Takes a time as <c>12h</c>, <c>30d</c>, <c>8w</c> or <c>2y</c> (of 365 days), or as a time span. A plain number is refused: as a time span it would be ten-millionths of a second.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class DurationAttribute : ArgumentTransformationAttribute
{
    private const double MostDays = 100_000;

    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (TextOf(VaultPathAttribute.Unwrap(inputData)) is not { } text)
        {
            return inputData;
        }

        if (Pattern().Match(text) is { Success: true } match)
        {
            var days = double.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) * DaysOf(match.Groups["unit"].Value);
            return days <= MostDays ? TimeSpan.FromDays(days) : throw new ArgumentTransformationMetadataException($"'{text}' is longer than {MostDays:0} days.");
        }

        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? throw new ArgumentTransformationMetadataException($"'{text}' has no unit. Write 12h, 30d, 8w or 2y, or a time span as 30.00:00:00.")
            : inputData;
    }

    /// <summary>To PowerShell's parser 2y is a number of one byte and 30d a decimal one, and nobody writes either in another way.</summary>
    private static string? TextOf(object? value) => value switch
    {
        string text => text,
        sbyte years => string.Create(CultureInfo.InvariantCulture, $"{years}y"),
        decimal days => string.Create(CultureInfo.InvariantCulture, $"{days}d"),
        byte or short or ushort or int or uint or long or ulong or float or double or BigInteger => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static double DaysOf(string unit) => unit.ToLowerInvariant() switch
    {
        "h" => 1 / 24.0,
        "d" => 1,
        "w" => 7,
        _ => 365,
    };

    [GeneratedRegex(
        @"\A(?<number>[0-9]{1,6}(\.[0-9]{1,3})?)(?<unit>[hdwy])\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
